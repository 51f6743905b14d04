#include "core/decimal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>

namespace penstock {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// What follows the e, bounded by kExponentMax.
std::optional<int64_t> exponent_of(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  text.remove_prefix(is_negative || text.starts_with('+') ? 1 : 0);
  if (text.empty() || !std::ranges::all_of(text, is_digit)) {
    return std::nullopt;
  }
  int64_t exponent = 0;
  for (const char c : text) {
    exponent = std::min(exponent * 10 + (c - '0'), Decimal::kExponentMax);
  }
  return is_negative ? -exponent : exponent;
}

}  // namespace

std::optional<Decimal> Decimal::parse(std::string_view text) {
  Decimal result;
  if (text.starts_with('-') || text.starts_with('+')) {
    result.negative_ = text[0] == '-';
    text.remove_prefix(1);
  }
  int64_t point = 0;  // digits before the point, less zeros in front
  bool any = false;
  bool after_point = false;
  size_t at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !after_point) {
      after_point = true;
      continue;
    }
    if (!is_digit(c)) {
      break;
    }
    any = true;
    if (result.digits_.empty() && c == '0') {
      point -= after_point ? 1 : 0;
      continue;
    }
    point += after_point ? 0 : 1;
    result.digits_ += c;
  }
  if (!any) {
    return std::nullopt;
  }
  int64_t exponent = 0;
  if (at < text.size()) {
    if (text[at] != 'e' && text[at] != 'E') {
      return std::nullopt;
    }
    const auto given = exponent_of(text.substr(at + 1));
    if (!given) {
      return std::nullopt;
    }
    exponent = *given;
  }
  result.digits_.resize(result.digits_.find_last_not_of('0') + 1);
  if (result.digits_.empty()) {
    result.negative_ = false;
    return result;
  }
  result.exponent_ = point + exponent;
  return result;
}

std::optional<Decimal> Decimal::of(const doc::Element& element) {
  std::array<char, 64> text;
  switch (element.type) {
    case doc::Type::int32:
    case doc::Type::int64: {
      const int64_t value =
          element.type == doc::Type::int32 ? element.as_int32() : element.as_int64();
      const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
      return parse({text.data(), static_cast<size_t>(end - text.data())});
    }
    case doc::Type::double_: {
      const double value = element.as_double();
      if (!std::isfinite(value)) {
        return std::nullopt;
      }
      const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                     std::chars_format::scientific)
                           .ptr;
      return parse({text.data(), static_cast<size_t>(end - text.data())});
    }
    case doc::Type::decimal128: {
      std::string digits;
      doc::append_text(element, digits);
      return parse(digits);
    }
    default:
      return std::nullopt;
  }
}

std::strong_ordering Decimal::operator<=>(const Decimal& other) const {
  if (digits_.empty() || other.digits_.empty()) {
    const int mine = digits_.empty() ? 0 : negative_ ? -1 : 1;
    const int theirs = other.digits_.empty() ? 0 : other.negative_ ? -1 : 1;
    return mine <=> theirs;
  }
  if (negative_ != other.negative_) {
    return negative_ ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  std::strong_ordering magnitude = exponent_ <=> other.exponent_;
  if (magnitude == 0) {
    magnitude = digits_ <=> other.digits_;  // 0.DIGITS: the order of the texts
  }
  return negative_ ? 0 <=> magnitude : magnitude;
}

}  // namespace penstock
