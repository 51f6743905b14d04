// Decimal: the exact value of a number's text, to compare numbers of any type and length without
// passing through double. A view into a buffer of its own; one thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "doc/bson.h"

namespace penstock {

class Decimal {
 public:
  static constexpr size_t kDigitsMax = 64;  // from the first to the last that is not zero

  // JSON's grammar, a leading + too; nullopt for anything else and for more than kDigitsMax digits.
  static std::optional<Decimal> parse(std::string_view text);
  // Of int32, int64, double (its shortest text) and decimal128; nullopt for NaN, infinity and every
  // other type.
  static std::optional<Decimal> of(const doc::Element& element);

  std::strong_ordering operator<=>(const Decimal& other) const;
  bool operator==(const Decimal& other) const { return (*this <=> other) == 0; }

 private:
  std::string_view digits() const { return {digits_.data(), size_}; }

  bool negative_ = false;
  int64_t exponent_ = 0;                 // the value is 0.DIGITS times ten to this
  size_t size_ = 0;                      // no digits: zero
  std::array<char, kDigitsMax> digits_;  // without zeros in front and at the end
};

}  // namespace penstock
