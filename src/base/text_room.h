// TextRoom: appending to a std::string through a plain pointer and its end, a value that loops keep
// in registers; and the content of JSON strings, escaped while it is copied, 16 bytes at a time
// (SSE2, which every x86-64 has). For writers of much text; others take append_json_string(). One
// thread.
#pragma once

#include <emmintrin.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>

namespace penstock {

// Where to write next. There is always room for kRoomSlack bytes behind what was asked for, which
// is enough for a number, for punctuation, and for copies in blocks of 16.
struct TextRoom {
  char* at;
  char* end;
};
inline constexpr size_t kRoomSlack = 128;

TextRoom open_room(std::string& text, size_t size);
void close_room(std::string& text, TextRoom room);  // cuts the text behind room.at
TextRoom grow_room(std::string& text, TextRoom room, size_t size);

[[gnu::always_inline]] inline void make_room(std::string& text, TextRoom& room, size_t size) {
  if (static_cast<size_t>(room.end - room.at) < size + kRoomSlack) [[unlikely]] {
    room = grow_room(text, room, size);
  }
}

// Copies 16 bytes; a bit for each that cannot stand in a JSON string as it is (NUL included).
[[gnu::always_inline]] inline uint32_t copy_block(const char* from, char* to) {
  const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), block);
  const __m128i is_control = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1F)), block);
  const __m128i is_special = _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('"')),
                                          _mm_cmpeq_epi8(block, _mm_set1_epi8('\\')));
  return static_cast<uint32_t>(_mm_movemask_epi8(_mm_or_si128(is_control, is_special)));
}

char* put_escape(char c, char* to);  // at most six characters
// A text behind which nothing may be read.
TextRoom put_escaped_exactly(std::string& text, TextRoom room, const char* from, const char* end);
// The rest of a text from its first byte that needs an escape on.
TextRoom put_escaped_rest(std::string& text, TextRoom room, const char* from, const char* end,
                          const char* limit);

// The content of a JSON string. `limit` is the end of what may be read, at or behind the text's.
[[gnu::always_inline]] inline void put_escaped(std::string& text, TextRoom& room, const char* from,
                                               const char* end, const char* limit) {
  make_room(text, room, static_cast<size_t>(end - from));
  while (limit - from >= 16) {
    uint32_t found = copy_block(from, room.at);
    const auto left = end - from;
    if (left <= 16) {
      found &= (uint32_t{1} << left) - 1;
      if (found == 0) [[likely]] {
        room.at += left;
        return;
      }
    }
    if (found != 0) {
      room = put_escaped_rest(text, room, from, end, limit);
      return;
    }
    room.at += 16;
    from += 16;
  }
  room = put_escaped_exactly(text, room, from, end);
}

// The same for text that ends with a NUL, which is looked for; returns where the NUL is.
[[gnu::always_inline]] inline const char* put_escaped_name(std::string& text, TextRoom& room,
                                                           const char* from, const char* limit) {
  if (limit - from >= 16) [[likely]] {
    const uint32_t found = copy_block(from, room.at);
    const int plain = std::countr_zero(found | 0x10000);
    if (plain < 16 && from[plain] == '\0') [[likely]] {
      room.at += plain;
      return from + plain;
    }
  }
  const char* const end = from + std::strlen(from);
  make_room(text, room, static_cast<size_t>(end - from));
  room = put_escaped_rest(text, room, from, end, limit);
  return end;
}

}  // namespace penstock
