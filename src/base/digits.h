// Whole numbers as decimal digits. Pure functions that write to a caller's buffer; any thread.
#pragma once

#include <array>
#include <cstdint>

namespace penstock {

inline constexpr int kDigitsMax = 20;  // of a uint64_t

inline constexpr auto kPowersOfTen = [] {  // all that a uint64_t holds
  std::array<uint64_t, kDigitsMax> powers{};
  uint64_t power = 1;
  for (uint64_t& entry : powers) {
    entry = power;
    power *= 10;
  }
  return powers;
}();

// All write in steps of eight bytes: so many may be overwritten behind the end that is returned.
inline constexpr int kDigitsSlack = 8;

// Each returns the end of what it wrote, without a terminator.
char* write_uint64(uint64_t value, char* out);
char* write_int64(int64_t value, char* out);  // one character more: the minus
// The last `width` digits of the value, 1 to 24, with zeros in front.
char* write_padded(uint64_t value, int width, char* out);

// The value in kTagSize letters, digits, - and _: short, and fit for ids and names. Not in the
// order of the values.
inline constexpr int kTagSize = 11;
char* write_tag(uint64_t value, char* out);

}  // namespace penstock
