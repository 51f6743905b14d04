// TextOut wraps a TextRoom for all writers that do not keep it in registers. Internal to this
// folder; one thread.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

#include "base/base64.h"
#include "base/text_room.h"
#include "doc/decimal128.h"

namespace penstock::doc {

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
  TextRoom& room() { return room_; }

  void put_escaped(const char* from, const char* end, const char* limit) {
    penstock::put_escaped(out_, room_, from, end, limit);
  }
  const char* put_escaped_name(const char* from, const char* limit) {
    return penstock::put_escaped_name(out_, room_, from, limit);
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
  TextRoom room_;
};

}  // namespace penstock::doc
