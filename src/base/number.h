// number_from: a whole number, if that is what a text is. Pure; any thread.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>

namespace penstock {

// All of the text, as digits of this base; a minus only where the type has one, no plus, no blanks.
template <std::integral T>
std::optional<T> number_from(std::string_view text, int base = 10) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, value, base);
  if (code != std::errc{} || stop != end) {
    return std::nullopt;
  }
  return value;
}

}  // namespace penstock
