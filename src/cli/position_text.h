// Position bytes as text that can be typed back: printable ASCII as it is, every other byte (and
// the backslash) as \xNN. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace penstock::cli {

std::string to_text(std::string_view position);
std::optional<std::string> position_from(std::string_view text);  // nullopt: not such a text

}  // namespace penstock::cli
