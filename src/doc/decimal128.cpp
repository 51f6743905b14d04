#include "doc/decimal128.h"

#include <charconv>
#include <cmath>
#include <string_view>

#include "base/digits.h"

namespace penstock::doc {

namespace {

constexpr uint64_t kSignBit = uint64_t{1} << 63;
constexpr uint64_t kTen19 = 10'000'000'000'000'000'000U;
constexpr Uint128 kCoefficientMax = Uint128{kTen19} * 1'000'000'000'000'000U - 1;  // 10^34 - 1
constexpr int64_t kExponentLimit = 1'000'000'000;  // far outside of every range, far from overflow

bool is_digit(char c) {
  return static_cast<unsigned char>(c - '0') <= 9;
}

// Eight digits at once; false when one of the eight bytes is none.
bool read_eight_digits(const char* at, uint64_t& value) {
  uint64_t chunk = 0;
  std::memcpy(&chunk, at, sizeof chunk);
  const uint64_t no_digits =
      ((chunk & 0xF0F0F0F0F0F0F0F0U) ^ 0x3030303030303030U) |
      (((chunk + 0x0606060606060606U) & 0xF0F0F0F0F0F0F0F0U) ^ 0x3030303030303030U);
  if (no_digits != 0) {
    return false;
  }
  chunk = (chunk & 0x0F0F0F0F0F0F0F0FU) * 2561 >> 8;
  chunk = (chunk & 0x00FF00FF00FF00FFU) * 6553601 >> 16;
  chunk = (chunk & 0x0000FFFF0000FFFFU) * 42949672960001U >> 32;
  value = value * 100'000'000 + chunk;
  return true;
}

// Adds the digits at `at` to value, which may wrap; returns their end.
const char* read_digits(const char* at, const char* end, uint64_t& value) {
  while (end - at >= 8 && read_eight_digits(at, value)) {
    at += 8;
  }
  while (at != end && is_digit(*at)) {
    value = value * 10 + static_cast<uint64_t>(*at - '0');
    ++at;
  }
  return at;
}

// The parts of a number's text.
struct Scanned {
  const char* digits = nullptr;  // the first digit or the point
  const char* digits_end = nullptr;
  uint64_t value = 0;  // all digits without the point; wraps beyond 19
  int64_t whole = 0;   // digits before the point
  int64_t fraction = 0;
  int64_t exponent = 0;
  bool is_negative = false;
  bool is_integer = true;  // neither point nor exponent
};

bool scan_exponent(const char*& at, const char* end, Scanned& number) {
  bool is_negative = false;
  if (at != end && (*at == '+' || *at == '-')) {
    is_negative = *at == '-';
    ++at;
  }
  const char* const first = at;
  int64_t exponent = 0;
  for (; at != end && is_digit(*at); ++at) {
    if (exponent < kExponentLimit) {
      exponent = exponent * 10 + (*at - '0');
    }
  }
  number.exponent = is_negative ? -exponent : exponent;
  return at != first;
}

bool scan(const char* at, const char* end, NumberGrammar grammar, Scanned& number) {
  const bool is_json = grammar == NumberGrammar::json;
  if (at != end && (*at == '-' || (*at == '+' && !is_json))) {
    number.is_negative = *at == '-';
    ++at;
  }
  number.digits = at;
  at = read_digits(at, end, number.value);
  number.whole = at - number.digits;
  if (is_json && (number.whole == 0 || (number.whole > 1 && *number.digits == '0'))) {
    return false;
  }
  if (at != end && *at == '.') {
    number.is_integer = false;
    const char* const first = ++at;
    at = read_digits(at, end, number.value);
    number.fraction = at - first;
    if (is_json && number.fraction == 0) {
      return false;
    }
  }
  number.digits_end = at;
  if (number.whole + number.fraction == 0) {
    return false;
  }
  if (at != end && (*at == 'e' || *at == 'E')) {
    number.is_integer = false;
    ++at;
    if (!scan_exponent(at, end, number)) {
      return false;
    }
  }
  return at == end;
}

Decimal128 encode(bool is_negative, Uint128 coefficient, int exponent) {
  const auto biased = static_cast<uint64_t>(exponent - kDecimalExponentMin);
  return {static_cast<uint64_t>(coefficient),
          (is_negative ? kSignBit : 0) | (biased << 49) | static_cast<uint64_t>(coefficient >> 64)};
}

// Moves zeros between coefficient and exponent until both fit; false when they never do.
bool fit(Uint128& coefficient, int64_t& exponent) {
  if (coefficient == 0) {
    exponent =
        std::min<int64_t>(std::max<int64_t>(exponent, kDecimalExponentMin), kDecimalExponentMax);
    return true;
  }
  while (exponent > kDecimalExponentMax && coefficient <= kCoefficientMax / 10) {
    coefficient *= 10;
    --exponent;
  }
  while (exponent < kDecimalExponentMin && coefficient % 10 == 0) {
    coefficient /= 10;
    ++exponent;
  }
  return exponent >= kDecimalExponentMin && exponent <= kDecimalExponentMax;
}

NumberKind to_decimal(const Scanned& number, Uint128 coefficient, int64_t exponent, Number& out) {
  if (exponent < kDecimalExponentMin || exponent > kDecimalExponentMax) {
    if (!fit(coefficient, exponent)) {
      return NumberKind::inexact;
    }
  }
  out.decimal = encode(number.is_negative, coefficient, static_cast<int>(exponent));
  return NumberKind::decimal128;
}

// False: neither int32 nor int64 holds it.
bool to_integer(const Scanned& number, Uint128 magnitude, Number& out, NumberKind& kind) {
  const bool is_minus_zero = number.is_negative && magnitude == 0;
  if (is_minus_zero || magnitude > (uint64_t{1} << 63) - (number.is_negative ? 0 : 1)) {
    return false;
  }
  const auto bits = static_cast<uint64_t>(magnitude);
  out.integer = static_cast<int64_t>(number.is_negative ? uint64_t{0} - bits : bits);
  const bool is_short = out.integer == static_cast<int32_t>(out.integer);
  kind = is_short ? NumberKind::int32 : NumberKind::int64;
  return true;
}

// More than 19 digits: gathers the significant ones.
NumberKind parse_long(const Scanned& number, Number& out) {
  Uint128 coefficient = 0;
  int count = 0;
  int64_t dropped = 0;  // zeros behind the 34th digit
  for (const char* at = number.digits; at != number.digits_end; ++at) {
    if (*at == '.') {
      continue;
    }
    if (count == kDecimalDigitsMax) {
      if (*at != '0') {
        return NumberKind::inexact;
      }
      ++dropped;
      continue;
    }
    coefficient = coefficient * 10 + static_cast<unsigned>(*at - '0');
    count += coefficient != 0 ? 1 : 0;
  }
  NumberKind kind = NumberKind::inexact;
  if (number.is_integer && dropped == 0 && to_integer(number, coefficient, out, kind)) {
    return kind;
  }
  return to_decimal(number, coefficient, number.exponent - number.fraction + dropped, out);
}

char* write_coefficient(Uint128 coefficient, char* out) {
  if (coefficient <= UINT64_MAX) {
    return write_uint64(static_cast<uint64_t>(coefficient), out);
  }
  out = write_uint64(static_cast<uint64_t>(coefficient / kTen19), out);
  return write_padded(static_cast<uint64_t>(coefficient % kTen19), 19, out);
}

// coefficient * 10^exponent as 12.34 where it is of the usual kind; nullptr where it is not.
char* write_short_decimal(uint64_t coefficient, int exponent, char* out) {
  const int fraction = -exponent;
  if (fraction < 1 || fraction > 19) {
    return nullptr;
  }
  // Beyond six digits, small numbers are written with an exponent.
  if (fraction > 6 && coefficient < kPowersOfTen[static_cast<size_t>(fraction - 6)]) {
    return nullptr;
  }
  const uint64_t unit = kPowersOfTen[static_cast<size_t>(fraction)];
  out = write_uint64(coefficient / unit, out);
  *out++ = '.';
  return write_padded(coefficient % unit, fraction, out);
}

char* write_text(std::string_view text, char* out) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

}  // namespace

NumberKind parse_number(const char* at, const char* end, NumberGrammar grammar, Number& out) {
  Scanned number;
  if (!scan(at, end, grammar, number)) {
    return NumberKind::invalid;
  }
  if (number.whole + number.fraction > 19) {
    return parse_long(number, out);
  }
  NumberKind kind = NumberKind::inexact;
  if (number.is_integer && to_integer(number, number.value, out, kind)) {
    return kind;
  }
  return to_decimal(number, number.value, number.exponent - number.fraction, out);
}

DecimalParts decimal_parts(Decimal128 value) {
  DecimalParts parts;
  parts.is_negative = (value.high & kSignBit) != 0;
  if ((value.high >> 61 & 3) == 3) {
    const uint64_t combination = value.high >> 58 & 31;
    if (combination == 30) {
      parts.kind = DecimalParts::Class::infinity;
    } else if (combination == 31) {
      parts.kind = DecimalParts::Class::nan;
    } else {  // a coefficient of 2^113 and more is not canonical and counts as zero
      parts.exponent = static_cast<int>(value.high >> 47 & 0x3fff) + kDecimalExponentMin;
    }
    return parts;
  }
  parts.exponent = static_cast<int>(value.high >> 49 & 0x3fff) + kDecimalExponentMin;
  parts.coefficient = Uint128{value.high & ((uint64_t{1} << 49) - 1)} << 64 | value.low;
  if (parts.coefficient > kCoefficientMax) {
    parts.coefficient = 0;
  }
  return parts;
}

char* write_decimal128(Decimal128 value, char* out) {
  const DecimalParts parts = decimal_parts(value);
  if (parts.kind == DecimalParts::Class::nan) {
    return write_text("NaN", out);
  }
  if (parts.is_negative) {
    *out++ = '-';
  }
  if (parts.kind == DecimalParts::Class::infinity) {
    return write_text("Infinity", out);
  }
  if (parts.coefficient <= UINT64_MAX) {
    const auto coefficient = static_cast<uint64_t>(parts.coefficient);
    if (char* const end = write_short_decimal(coefficient, parts.exponent, out); end != nullptr) {
      return end;
    }
  }
  char* const digits = out;
  char* const end = write_coefficient(parts.coefficient, digits);
  const auto count = static_cast<int>(end - digits);
  const int adjusted = parts.exponent + count - 1;
  if (parts.exponent == 0) {
    return end;
  }
  if (parts.exponent < 0 && adjusted >= -6) {
    if (adjusted >= 0) {
      char* const point = end + parts.exponent;
      std::memmove(point + 1, point, static_cast<size_t>(-parts.exponent));
      *point = '.';
      return end + 1;
    }
    const auto front = static_cast<size_t>(1 - adjusted);  // the point, and the zeros around it
    std::memmove(digits + front, digits, static_cast<size_t>(count));
    std::memcpy(digits, "0.000000", front);
    return end + front;
  }
  out = end;
  if (count > 1) {
    std::memmove(digits + 2, digits + 1, static_cast<size_t>(count - 1));
    digits[1] = '.';
    ++out;
  }
  *out++ = 'E';
  *out++ = adjusted < 0 ? '-' : '+';
  return write_uint64(static_cast<uint64_t>(adjusted < 0 ? -adjusted : adjusted), out);
}

char* write_double(double value, char* out) {
  if (std::isnan(value)) {
    return write_text("NaN", out);
  }
  if (std::isinf(value)) {
    return write_text(value < 0 ? "-Infinity" : "Infinity", out);
  }
  char* const end = std::to_chars(out, out + kNumberTextMax, value).ptr;
  const std::string_view text(out, static_cast<size_t>(end - out));
  if (text.find_first_of(".e") == std::string_view::npos) {
    return write_text(".0", end);
  }
  return end;
}

}  // namespace penstock::doc
