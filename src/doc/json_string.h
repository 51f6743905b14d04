// The bytes of JSON strings in a text that is valid UTF-8: found, checked and unescaped while
// copying, 16 bytes at a time (SSE2, which every x86-64 has). A string without escapes takes the
// short way here, all others the long one. Each function may read up to 16 bytes behind `end`, the
// end of the text. Pure functions on bytes; any thread.
#pragma once

#include <emmintrin.h>

#include <bit>
#include <cstdint>
#include <string_view>

namespace penstock::doc {

// A bit for each byte that is not plain in a string: its quote, a backslash, a control character.
[[gnu::always_inline]] inline uint32_t special_bytes(__m128i block) {
  const __m128i is_quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
  const __m128i is_backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
  const __m128i is_control = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1F)), block);
  return static_cast<uint32_t>(
      _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(is_quote, is_backslash), is_control)));
}

// Where the content of a string ends, and what was made of it. `quote` is nullptr when the string
// is wrong; string_fault() says why.
struct StringEnd {
  const char* quote = nullptr;
  char* copy = nullptr;  // the end of the copy
  bool has_escapes = false;
};

// The long ways, on from `at`; what is before was plain, and is copied to what ends at `to`.
StringEnd copy_any_string(const char* at, const char* end, char* to);
StringEnd find_any_string_end(const char* at, const char* end);
std::string_view string_fault(const char* begin, const char* end);

// Copies the content that begins at `begin` without its escapes; writes up to 16 bytes behind the
// copy.
[[gnu::always_inline]] inline StringEnd copy_string(const char* begin, const char* end, char* to) {
  for (const char* at = begin; at < end; at += 16, to += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), block);
    const uint32_t found = special_bytes(block);
    if (found != 0) {
      const int plain = std::countr_zero(found);
      at += plain;
      to += plain;
      if (*at == '"' && at < end) [[likely]] {
        return {.quote = at, .copy = to};
      }
      return copy_any_string(at, end, to);
    }
  }
  return {};
}

// The same without a copy.
[[gnu::always_inline]] inline StringEnd find_string_end(const char* begin, const char* end) {
  for (const char* at = begin; at < end; at += 16) {
    const uint32_t found = special_bytes(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
    if (found != 0) {
      at += std::countr_zero(found);
      if (*at == '"' && at < end) [[likely]] {
        return {.quote = at};
      }
      return find_any_string_end(at, end);
    }
  }
  return {};
}

}  // namespace penstock::doc
