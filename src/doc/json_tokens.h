// Where the tokens of a JSON text begin and end. Each function may read up to 16 bytes behind
// `end`, the end of the text. Pure functions on bytes; any thread.
#pragma once

#include <emmintrin.h>

#include <algorithm>
#include <bit>
#include <cstdint>

namespace penstock::doc {

inline bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

inline const char* skip_spaces(const char* at, const char* end) {
  while (at < end && is_space(*at)) {
    ++at;
  }
  return at;
}

// The first character of the next token, to which `at` moves; at the end of the text, anything.
[[gnu::always_inline]] inline char token_at(const char*& at, const char* end) {
  if (static_cast<uint8_t>(*at) <= ' ') [[unlikely]] {
    at = skip_spaces(at, end);
  }
  return *at;
}

// The first place in [at, end) where `found` has a bit for one of the 16 bytes there; else end.
template <class F>
[[gnu::always_inline]] inline const char* find_byte(const char* at, const char* end, F found) {
  for (; at < end; at += 16) {
    const uint32_t bits = found(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
    if (bits != 0) [[likely]] {
      return std::min(at + std::countr_zero(bits), end);
    }
  }
  return end;
}

// Where a number, true, false or null ends at the latest.
[[gnu::always_inline]] inline const char* find_end_of_word(const char* at, const char* end) {
  return find_byte(at, end, [](__m128i block) {
    const __m128i is_comma = _mm_cmpeq_epi8(block, _mm_set1_epi8(','));
    const __m128i is_bracket =  // ] and }, which differ in one bit
        _mm_cmpeq_epi8(_mm_or_si128(block, _mm_set1_epi8(0x20)), _mm_set1_epi8('}'));
    const __m128i is_space = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(' ')), block);
    return static_cast<uint32_t>(
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(is_comma, is_bracket), is_space)));
  });
}

}  // namespace penstock::doc
