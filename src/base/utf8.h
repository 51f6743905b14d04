// UTF-8 as Unicode defines it: no overlong forms, no surrogates, nothing above U+10FFFF. Pure; any
// thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace penstock {

// Length in bytes of the character at the front of a text that is not empty; 0 when it is none.
size_t utf8_length(std::string_view text);

bool is_utf8(std::string_view bytes);

}  // namespace penstock
