// The short numbers of a JSON text without a loop over their digits; internal to this folder.
// Pure functions; any thread.
#pragma once

#include <emmintrin.h>

#include <bit>

#include "base/digits.h"
#include "doc/decimal128.h"

namespace penstock::doc {

[[gnu::always_inline]] inline uint64_t load_8(const char* at) {
  uint64_t chunk = 0;
  std::memcpy(&chunk, at, sizeof chunk);
  return chunk;
}

// One to eight digits, the first of `chunk`; `wrong` becomes nonzero when one is none.
[[gnu::always_inline]] inline uint64_t digits_of(uint64_t chunk, size_t count, uint64_t& wrong) {
  // Zeros in front, that is in the low bytes, in place of what is behind the digits.
  const auto unused = static_cast<unsigned>(8 * (8 - count));
  chunk <<= unused;
  chunk |= 0x3030303030303030U & ((uint64_t{1} << unused) - 1);
  wrong |= ((chunk & 0xF0F0F0F0F0F0F0F0U) ^ 0x3030303030303030U) |
           (((chunk + 0x0606060606060606U) & 0xF0F0F0F0F0F0F0F0U) ^ 0x3030303030303030U);
  chunk = (chunk & 0x0F0F0F0F0F0F0F0FU) * 2561 >> 8;
  chunk = (chunk & 0x00FF00FF00FF00FFU) * 6553601 >> 16;
  return (chunk & 0x0000FFFF0000FFFFU) * 42949672960001U >> 32;
}

// Reads eight bytes.
[[gnu::always_inline]] inline uint64_t read_up_to_8(const char* at, size_t count, uint64_t& wrong) {
  return digits_of(load_8(at), count, wrong);
}

// One to sixteen digits.
[[gnu::always_inline]] inline uint64_t read_up_to_16(const char* at, size_t count,
                                                     uint64_t& wrong) {
  if (count <= 8) {
    return read_up_to_8(at, count, wrong);
  }
  const uint64_t head = read_up_to_8(at, count - 8, wrong);
  return head * 100'000'000 + read_up_to_8(at + count - 8, 8, wrong);
}

// An integer of 17 or 18 digits; `invalid`: it is none.
[[gnu::always_inline]] inline NumberKind parse_18_digits(const char* at, size_t size,
                                                         bool is_negative, Number& out) {
  if ((size != 17 && size != 18) || *at == '0') {
    return NumberKind::invalid;
  }
  uint64_t wrong = 0;
  const uint64_t head = read_up_to_16(at, size - 8, wrong);
  const uint64_t value = head * 100'000'000 + read_up_to_8(at + size - 8, 8, wrong);
  if (wrong != 0) {
    return NumberKind::invalid;
  }
  out.integer = is_negative ? -static_cast<int64_t>(value) : static_cast<int64_t>(value);
  return NumberKind::int64;
}

// As parse_number() for text of up to 16 digits and a point; `invalid` means only: not short, ask
// parse_number(). Reads up to 16 bytes behind the text.
[[gnu::always_inline]] inline NumberKind parse_short_number(const char* at, const char* end,
                                                            NumberGrammar grammar, Number& out) {
  const bool is_negative = *at == '-';
  at += is_negative ? 1 : 0;
  const auto size = static_cast<size_t>(end - at);
  if (size - 1 >= 16) [[unlikely]] {
    return parse_18_digits(at, size, is_negative, out);
  }
  const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const auto points =
      static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8('.')))) &
      ((uint32_t{1} << size) - 1);
  const size_t whole = points == 0 ? size : static_cast<size_t>(std::countr_zero(points));
  if (whole == 0 || whole + 1 == size) [[unlikely]] {
    return NumberKind::invalid;
  }
  if (*at == '0' && whole > 1 && grammar == NumberGrammar::json) [[unlikely]] {
    return NumberKind::invalid;
  }
  uint64_t wrong = 0;
  if (points == 0) {
    const uint64_t value = read_up_to_16(at, size, wrong);
    if (wrong != 0 || (value == 0 && is_negative)) [[unlikely]] {
      return NumberKind::invalid;
    }
    out.integer = is_negative ? -static_cast<int64_t>(value) : static_cast<int64_t>(value);
    const bool is_int32 = out.integer == static_cast<int32_t>(out.integer);
    return is_int32 ? NumberKind::int32 : NumberKind::int64;
  }
  const size_t fraction = size - whole - 1;
  uint64_t value = 0;
  if (size <= 9) {
    const uint64_t before_point = (uint64_t{1} << (8 * whole)) - 1;
    const uint64_t digits = (load_8(at) & before_point) | (load_8(at + 1) & ~before_point);
    value = digits_of(digits, size - 1, wrong);
  } else {
    value = read_up_to_16(at, whole, wrong) * kPowersOfTen[fraction] +
            read_up_to_16(at + whole + 1, fraction, wrong);
  }
  if (wrong != 0) [[unlikely]] {
    return NumberKind::invalid;
  }
  const uint64_t biased = static_cast<uint64_t>(-kDecimalExponentMin) - fraction;
  out.decimal = {value, (uint64_t{is_negative} << 63) | (biased << 49)};
  return NumberKind::decimal128;
}

}  // namespace penstock::doc
