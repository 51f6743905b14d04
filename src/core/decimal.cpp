#include "core/decimal.h"

#include <charconv>
#include <cmath>
#include <string>

namespace penstock {

namespace {

constexpr int64_t kExponentMax = 1'000'000'000;  // far beyond what any number here has

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

std::optional<Decimal> Decimal::parse(std::string_view text) {
  Decimal result;
  if (text.starts_with('-') || text.starts_with('+')) {
    result.negative_ = text[0] == '-';
    text.remove_prefix(1);
  }
  int64_t point = 0;  // digits before the point, less zeros in front
  size_t zeros = 0;   // behind the last digit that was kept
  bool any = false;
  bool after_point = false;
  size_t at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !after_point && any) {
      after_point = true;
      continue;
    }
    if (!is_digit(c)) {
      break;
    }
    any = true;
    if (result.size_ == 0 && c == '0') {
      point -= after_point ? 1 : 0;
      continue;
    }
    point += after_point ? 0 : 1;
    if (c == '0') {
      ++zeros;
      continue;
    }
    if (zeros >= kDigitsMax - result.size_) {
      return std::nullopt;
    }
    for (; zeros > 0; --zeros) {
      result.digits_[result.size_++] = '0';
    }
    result.digits_[result.size_++] = c;
  }
  if (!any || (after_point && !is_digit(text[at - 1]))) {
    return std::nullopt;
  }
  int64_t exponent = 0;
  if (at < text.size()) {
    if (text[at] != 'e' && text[at] != 'E') {
      return std::nullopt;
    }
    std::string_view rest = text.substr(at + 1);
    const bool sign = rest.starts_with('+');
    rest.remove_prefix(sign ? 1 : 0);
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), exponent);
    if (error != std::errc{} || end != rest.data() + rest.size() || (sign && exponent < 0) ||
        exponent > kExponentMax || exponent < -kExponentMax) {
      return std::nullopt;
    }
  }
  if (result.size_ == 0) {
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
  if (size_ == 0 || other.size_ == 0) {
    const int mine = size_ == 0 ? 0 : negative_ ? -1 : 1;
    const int theirs = other.size_ == 0 ? 0 : other.negative_ ? -1 : 1;
    return mine <=> theirs;
  }
  if (negative_ != other.negative_) {
    return negative_ ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  std::strong_ordering magnitude = exponent_ <=> other.exponent_;
  if (magnitude == 0) {
    magnitude = digits() <=> other.digits();  // 0.DIGITS: the order of the texts
  }
  return negative_ ? 0 <=> magnitude : magnitude;
}

}  // namespace penstock
