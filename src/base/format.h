// append_format: fmt::format behind what a text holds. (fmt::format_to does the same, but has every
// file that calls it compile all of fmt, four seconds of it.) Any thread.
#pragma once

#include <string>

#include <fmt/core.h>

namespace penstock {

void append_arguments(std::string& out, fmt::string_view format, fmt::format_args arguments);

template <class... Values>
void append_format(std::string& out, fmt::format_string<Values...> format, Values&&... values) {
  append_arguments(out, format, fmt::make_format_args(values...));
}

}  // namespace penstock
