#include "base/text_room.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace penstock {

namespace {

// Makes the text `size` bytes long without writing to what is new; close_room() cuts it to what was
// written.
TextRoom resize(std::string& text, size_t used, size_t size) {
  if (size > text.capacity()) {
    text.reserve(std::max(size, 2 * text.capacity()));
  }
  text.resize_and_overwrite(size, [](char*, size_t all) { return all; });
  return {text.data() + used, text.data() + size};
}

TextRoom put_escaped_bytes(std::string& text, TextRoom room, const char* from, const char* end) {
  make_room(text, room, static_cast<size_t>(end - from));
  for (; from != end; ++from) {
    const auto byte = static_cast<uint8_t>(*from);
    if (byte < 0x20 || byte == '"' || byte == '\\') {
      room.at = put_escape(*from, room.at);
      make_room(text, room, static_cast<size_t>(end - from));
    } else {
      *room.at++ = *from;
    }
  }
  return room;
}

}  // namespace

TextRoom open_room(std::string& text, size_t size) {
  const size_t used = text.size();
  return resize(text, used, used + size + 2 * kRoomSlack);
}

void close_room(std::string& text, TextRoom room) {
  const auto used = static_cast<size_t>(room.at - text.data());
  text.resize_and_overwrite(used, [](char*, size_t size) { return size; });
}

TextRoom grow_room(std::string& text, TextRoom room, size_t size) {
  const auto used = static_cast<size_t>(room.at - text.data());
  return resize(text, used, used + used / 2 + size + 2 * kRoomSlack);
}

char* put_escape(char c, char* to) {
  constexpr std::string_view kHex = "0123456789abcdef";
  constexpr std::string_view kShort = "btn\0fr";  // for 8 to 13
  const auto byte = static_cast<uint8_t>(c);
  *to++ = '\\';
  if (byte >= 0x20) {
    *to++ = c;
  } else if (byte >= 8 && byte <= 13 && byte != 11) {
    *to++ = kShort[byte - 8];
  } else {
    to = std::copy_n("u00", 3, to);
    *to++ = kHex[byte >> 4];
    *to++ = kHex[byte & 15];
  }
  return to;
}

TextRoom put_escaped_exactly(std::string& text, TextRoom room, const char* from, const char* end) {
  constexpr ptrdiff_t kBlock = 16;
  make_room(text, room, static_cast<size_t>(end - from));
  for (; end - from >= kBlock; from += kBlock, room.at += kBlock) {
    if (copy_block(from, room.at) != 0) {
      return put_escaped_bytes(text, room, from, end);
    }
  }
  if (from == end) {
    return room;
  }
  char tail[kBlock] = {};
  const auto left = static_cast<size_t>(end - from);
  std::memcpy(tail, from, left);
  if ((copy_block(tail, room.at) & ((uint32_t{1} << left) - 1)) != 0) {
    return put_escaped_bytes(text, room, from, end);
  }
  room.at += left;
  return room;
}

TextRoom put_escaped_rest(std::string& text, TextRoom room, const char* from, const char* end,
                          const char* limit) {
  make_room(text, room, static_cast<size_t>(end - from));
  while (limit - from >= 16) {
    const auto left = end - from;
    const uint32_t found = copy_block(from, room.at);
    const int plain = std::countr_zero(found | 0x10000);
    if (left <= plain) {
      room.at += left;
      return room;
    }
    room.at += plain;
    from += plain;
    if (plain < 16) {
      room.at = put_escape(*from++, room.at);
      make_room(text, room, static_cast<size_t>(end - from));
    }
  }
  return put_escaped_bytes(text, room, from, end);
}

}  // namespace penstock
