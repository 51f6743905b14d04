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

// Known before the digits are, so that nobody waits for these to learn where they end.
int digit_count(uint64_t value) {
  value |= 1;  // zero has a digit too
  // 1233 / 4096 is a little more than the logarithm of 2 to the base 10.
  const int guess = static_cast<int>(std::bit_width(value)) * 1233 >> 12;
  return guess + (value < kPowersOfTen[static_cast<size_t>(guess)] ? 0 : 1);
}

char* put(uint64_t digits, int count, char* out) {
  const uint64_t text = (digits | kZeros) >> (8 * (8 - count));
  std::memcpy(out, &text, sizeof text);
  return out + count;
}

}  // namespace

char* write_uint64(uint64_t value, char* out) {
  if (value >= kTen8) {
    out = write_uint64(value / kTen8, out);
    return put(eight_digits(value % kTen8), 8, out);
  }
  return put(eight_digits(value), digit_count(value), out);
}

char* write_int64(int64_t value, char* out) {
  auto magnitude = static_cast<uint64_t>(value);
  *out = '-';
  out += value < 0 ? 1 : 0;
  magnitude = value < 0 ? uint64_t{0} - magnitude : magnitude;
  return write_uint64(magnitude, out);
}

char* write_padded(uint64_t value, int width, char* out) {
  if (width > 8) {
    out = write_padded(value / kTen8, width - 8, out);
    width = 8;
  }
  return put(eight_digits(value % kTen8), width, out);
}

}  // namespace penstock
