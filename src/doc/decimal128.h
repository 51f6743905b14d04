// Numbers as text to int32, int64 or decimal128 and back, exactly and without double. Pure
// functions on values; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace penstock::doc {

__extension__ using Uint128 = unsigned __int128;

// The 16 bytes of a BSON decimal128 (IEEE 754-2008, binary integer decimal).
struct Decimal128 {
  uint64_t low = 0;
  uint64_t high = 0;
  bool operator==(const Decimal128&) const = default;
};

// A decimal128 taken apart: coefficient times ten to the exponent.
struct DecimalParts {
  enum class Class : uint8_t { finite, infinity, nan };
  Class kind = Class::finite;
  bool is_negative = false;
  int exponent = 0;
  Uint128 coefficient = 0;
};

inline constexpr int kDecimalExponentMin = -6176;
inline constexpr int kDecimalExponentMax = 6111;
inline constexpr int kDecimalDigitsMax = 34;

DecimalParts decimal_parts(Decimal128 value);
inline Decimal128 load_decimal(const void* bytes) {
  Decimal128 value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

enum class NumberKind : uint8_t {
  int32,
  int64,
  decimal128,
  inexact,  // a number, but none of the above holds it exactly
  invalid,  // no number
};

// json: the grammar of RFC 8259. dynamodb: also a plus sign, leading zeros, and a point at an end.
enum class NumberGrammar : uint8_t { json, dynamodb };

struct Number {
  int64_t integer = 0;  // int32, int64
  Decimal128 decimal;   // decimal128
};

// The whole of [at, end). Integer text that fits becomes int32 or int64 (but -0 a decimal128, which
// has a negative zero); all else becomes decimal128 with the exponent as written, so that 1.0 and
// 1E2 stay what they are; coefficient and exponent are shifted only where nothing else fits.
NumberKind parse_number(const char* at, const char* end, NumberGrammar grammar, Number& out);

// Room for a number of any type, and for what its writer overwrites behind it.
inline constexpr size_t kNumberTextMax = 56;

// Each returns the end of what it wrote; nothing behind the number is a terminator.
// As the General Decimal Arithmetic's to-scientific-string: 1.0, 1E+2, -0, NaN, -Infinity.
char* write_decimal128(Decimal128 value, char* out);
// The shortest text that reads back as this double, with a point or an exponent: 1.0, 1e+22.
char* write_double(double value, char* out);

}  // namespace penstock::doc
