// JSON strings: a text in quotes, with the escapes that JSON asks for. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

namespace penstock {

// With the quotes. What is no UTF-8 stays as it is: JSON needs a text that is.
void append_json_string(std::string_view text, std::string& out);

}  // namespace penstock
