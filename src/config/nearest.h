// nearest: the known name a mistyped one was probably meant to be. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace penstock::config {

// "" when no known name is close enough to be worth proposing.
std::string nearest(std::string_view name, std::span<const std::string> known);

// ", did you mean `batch`?", or "; known: a, b, c" when none is near, or "" without known names.
std::string hint(std::string_view name, std::span<const std::string> known);

}  // namespace penstock::config
