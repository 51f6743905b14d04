#include "base/json_string.h"

#include "base/text_room.h"

namespace penstock {

void append_json_string(std::string_view text, std::string& out) {
  TextRoom room = open_room(out, text.size());
  *room.at++ = '"';
  room = put_escaped_exactly(out, room, text.data(), text.data() + text.size());
  *room.at++ = '"';
  close_room(out, room);
}

}  // namespace penstock
