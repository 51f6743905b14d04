// Reading RFC 3339 times, as "2024-01-31T12:00:00.123Z" or with an offset, and years of six digits
// or with a minus, as to_iso8601() writes them. Pure; any thread.
#pragma once

#include <string_view>

#include "base/result.h"

namespace penstock::codecs {

// Digits behind the sixth of a second are cut. `rejected` when it is no time.
Result<Timestamp> timestamp_of(std::string_view text);

}  // namespace penstock::codecs
