// Texts one after the other. (fmt::join would have every file that calls it compile all of fmt.)
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace penstock {

template <class Texts>
std::string join(const Texts& texts, std::string_view separator) {
  std::string joined;
  for (bool is_first = true; const auto& text : texts) {
    joined += is_first ? std::string_view() : separator;
    joined += text;
    is_first = false;
  }
  return joined;
}

}  // namespace penstock
