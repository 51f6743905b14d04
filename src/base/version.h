// The version of this program, as CMakeLists.txt has it too (a test compares them).
#pragma once

#include <string_view>

namespace penstock {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace penstock
