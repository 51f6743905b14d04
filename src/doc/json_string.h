// The bytes of JSON strings: unescaping while copying, 16 bytes at a time (SSE2, which every
// x86-64 has). Pure functions on bytes; any thread.
#pragma once

#include <emmintrin.h>

#include <bit>
#include <cstdint>

namespace penstock::doc {

inline bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

// The escape sequence at `from` (a backslash) as UTF-8 at `to`; both move behind it. False when it
// is none, a surrogate without its partner included. `end` is the string's closing quote.
bool copy_escape(const char*& from, const char* end, char*& to);

// Reads up to 16 bytes behind end.
inline bool has_backslash(const char* from, const char* end) {
  const __m128i backslash = _mm_set1_epi8('\\');
  for (; from < end; from += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    auto found = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(block, backslash)));
    const auto left = end - from;
    if (left < 16) {
      found &= (uint32_t{1} << left) - 1;
    }
    if (found != 0) {
      return true;
    }
  }
  return false;
}

// Copies a string's content [from, end) without its escapes; nullptr when one is wrong, else the
// end of the copy. Reads up to 16 bytes behind end and writes up to 16 behind the copy.
inline char* copy_string(const char* from, const char* end, char* to) {
  const __m128i backslash = _mm_set1_epi8('\\');
  for (;;) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), block);
    auto found = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(block, backslash)));
    const auto left = end - from;
    if (left <= 16) {
      found &= (uint32_t{1} << left) - 1;
      if (found == 0) {
        return to + left;
      }
    }
    if (found == 0) {
      from += 16;
      to += 16;
      continue;
    }
    const int plain = std::countr_zero(found);
    from += plain;
    to += plain;
    if (!copy_escape(from, end, to)) {
      return nullptr;
    }
  }
}

}  // namespace penstock::doc
