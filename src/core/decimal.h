// Decimal: the exact value of a number's text, to compare numbers of any type and length without
// passing through double. A value; any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "doc/bson.h"

namespace penstock {

class Decimal {
 public:
  // An exponent beyond this counts as this; no two numbers that differ so much are of any use.
  static constexpr int64_t kExponentMax = 100'000'000'000'000'000;

  // JSON's grammar and what DynamoDB takes too (+1, .5, 5.); nullopt for anything else.
  static std::optional<Decimal> parse(std::string_view text);
  // Of int32, int64, double (its shortest text) and decimal128; nullopt for NaN, infinity and every
  // other type.
  static std::optional<Decimal> of(const doc::Element& element);

  std::strong_ordering operator<=>(const Decimal& other) const;
  bool operator==(const Decimal& other) const { return (*this <=> other) == 0; }

 private:
  bool negative_ = false;
  int64_t exponent_ = 0;  // the value is 0.DIGITS times ten to this
  std::string digits_;    // without zeros in front and at the end; none: zero
};

}  // namespace penstock
