#include "base/digits.h"

#include <bit>
#include <cstring>

namespace penstock {

namespace {

constexpr uint64_t kTen4 = 10'000;
constexpr uint64_t kTen8 = 100'000'000;
constexpr uint64_t kZeros = 0x3030303030303030;
static_assert(std::endian::native == std::endian::little);

// Eight digits as numbers, the first in the lowest byte. Each step splits all lanes at once: a
// division by 100 or 10 is a multiplication that is exact for what a lane can hold.
uint64_t eight_digits(uint64_t value) {
  const uint64_t fours = value / kTen4 | value % kTen4 << 32;
  const uint64_t hundreds = fours * 10486 >> 20 & 0x0000007F0000007F;
  const uint64_t twos = hundreds | (fours - hundreds * 100) << 16;
  const uint64_t tens = twos * 103 >> 10 & 0x000F000F000F000F;
  return tens | (twos - tens * 10) << 8;
}

// The same below 10'000.
uint32_t four_digits(uint32_t value) {
  const uint32_t hundreds = value * 5243 >> 19;
  const uint32_t twos = hundreds | (value - hundreds * 100) << 16;
  const uint32_t tens = twos * 103 >> 10 & 0x000F000F;
  return tens | (twos - tens * 10) << 8;
}

// The zeros in front of the first digit that is none, but for the last digit, in bits.
template <class Digits>
int zero_bits(Digits digits) {
  constexpr int kBits = 8 * sizeof digits;
  return std::countr_zero(digits | Digits{1} << (kBits - 8)) & ~7;
}

// The digits without the first `bits` of them.
template <class Digits>
char* put(Digits digits, int bits, char* out) {
  const Digits text = (digits | static_cast<Digits>(kZeros)) >> bits;
  std::memcpy(out, &text, sizeof text);
  return out + sizeof text - bits / 8;
}

}  // namespace

char* write_uint64(uint64_t value, char* out) {
  if (value < kTen4) {
    const uint32_t digits = four_digits(static_cast<uint32_t>(value));
    return put(digits, zero_bits(digits), out);
  }
  if (value >= kTen8) {
    out = write_uint64(value / kTen8, out);
    return put(eight_digits(value % kTen8), 0, out);
  }
  const uint64_t digits = eight_digits(value);
  return put(digits, zero_bits(digits), out);
}

char* write_int64(int64_t value, char* out) {
  auto magnitude = static_cast<uint64_t>(value);
  *out = '-';
  out += value < 0 ? 1 : 0;
  magnitude = value < 0 ? uint64_t{0} - magnitude : magnitude;
  return write_uint64(magnitude, out);
}

char* write_padded(uint64_t value, int width, char* out) {
  if (width <= 4) {
    return put(four_digits(static_cast<uint32_t>(value % kTen4)), 8 * (4 - width), out);
  }
  if (width > 8) {
    out = write_padded(value / kTen8, width - 8, out);
    width = 8;
  }
  return put(eight_digits(value % kTen8), 8 * (8 - width), out);
}

char* write_tag(uint64_t value, char* out) {
  constexpr const char* kLetters =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-abcdefghijklmnopqrstuvwxyz_";
  for (int i = 0; i < kTagSize; ++i) {
    *out++ = kLetters[value & 63];
    value >>= 6;
  }
  return out;
}

}  // namespace penstock
