// The texts of typed settings: booleans, integers, durations, sizes. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "config/fields.h"

namespace penstock::config {

// true, false, yes, no, on, off in any case.
std::optional<bool> parse_bool(std::string_view text);
std::optional<int64_t> parse_int(std::string_view text);
std::optional<double> parse_double(std::string_view text);  // finite
// 250ms, 5s, 1m, 1h, 2d, also us and ns; 0 needs no unit. Not negative.
std::optional<Duration> parse_duration(std::string_view text);
// 1000, 250KB, 4MiB: B, KB, MB, GB, TB (powers of 1000), KiB, MiB, GiB, TiB (of 1024), any case.
std::optional<ByteSize> parse_size(std::string_view text);

std::string to_text(Duration duration);  // the largest unit that is exact: "5s", "1500ms"
std::string to_text(ByteSize size);      // "4MiB", "1000"

// Is this text a number by the grammar of JSON?
bool is_json_number(std::string_view text);

}  // namespace penstock::config
