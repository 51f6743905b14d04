// Appending JSON to a std::string through a plain pointer. Room is the pointer and its end: a value
// that loops of this folder keep in registers. TextOut wraps it for all others. One thread.
#pragma once

#include <emmintrin.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "doc/base64.h"
#include "doc/decimal128.h"

namespace penstock::doc {

// Where to write next. There is always room for kRoomSlack bytes behind what was asked for, which
// is enough for a number, for punctuation, and for copies in blocks of 16.
struct Room {
  char* at;
  char* end;
};
inline constexpr size_t kRoomSlack = 128;

Room open_room(std::string& text, size_t size);
void close_room(std::string& text, Room room);  // cuts the text behind room.at
Room grow_room(std::string& text, Room room, size_t size);

[[gnu::always_inline]] inline void make_room(std::string& text, Room& room, size_t size) {
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
Room put_escaped_exactly(std::string& text, Room room, const char* from, const char* end);
// The rest of a text from its first byte that needs an escape on.
Room put_escaped_rest(std::string& text, Room room, const char* from, const char* end,
                      const char* limit);

// The content of a JSON string. `limit` is the end of what may be read, at or behind the text's.
[[gnu::always_inline]] inline void put_escaped(std::string& text, Room& room, const char* from,
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
[[gnu::always_inline]] inline const char* put_escaped_name(std::string& text, Room& room,
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

class TextOut {
 public:
  TextOut(std::string& out, size_t expected) : out_(out), room_(open_room(out, expected)) {}
  ~TextOut() { close_room(out_, room_); }
  TextOut(const TextOut&) = delete;
  TextOut& operator=(const TextOut&) = delete;

  void reserve(size_t size) { make_room(out_, room_, size); }
  // These two need room.
  void put(char c) { *room_.at++ = c; }
  void put(std::string_view text) {
    std::memcpy(room_.at, text.data(), text.size());
    room_.at += text.size();
  }
  void unput() { --room_.at; }
  char* at() const { return room_.at; }
  void advance_to(char* at) { room_.at = at; }
  std::string& text() { return out_; }  // for loops that take the room out, and put it back
  Room& room() { return room_; }

  void put_escaped(const char* from, const char* end, const char* limit) {
    doc::put_escaped(out_, room_, from, end, limit);
  }
  const char* put_escaped_name(const char* from, const char* limit) {
    return doc::put_escaped_name(out_, room_, from, limit);
  }
  void put_json_string(std::string_view text) {  // with quotes
    reserve(text.size());
    put('"');
    room_ = put_escaped_exactly(out_, room_, text.data(), text.data() + text.size());
    put('"');
  }
  void put_base64(std::string_view bytes) {
    reserve(base64_size(bytes.size()));
    room_.at = write_base64(bytes, room_.at);
  }

 private:
  std::string& out_;
  Room room_;
};

}  // namespace penstock::doc
