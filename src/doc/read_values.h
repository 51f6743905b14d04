// The loop behind Reader::read_plain_object() and read_item(): what is frequent is handled here,
// with the moving pointers in registers; what is rare goes to Reader's other functions, between
// leave() and enter(). (Pointers kept in members would be loaded again after each stored byte.)
// The scratch has room for all that the text can become, so that nothing here asks for any.
// Internal: included by the two files that read values.
#pragma once

#include "base/digits.h"
#include "doc/number_read.h"
#include "doc/reader.h"

namespace penstock::doc {

struct Reader::Cursor {
  const uint32_t* next;
  char* out;
  char* type;  // where the type of the value being read goes; its name is right behind
  Frame* frame;
  const char* text;
  const uint32_t* end;
};

[[gnu::always_inline]] inline Reader::Cursor Reader::enter(char* type) {
  return {next_, out_, type, top_, text_, end_};
}

[[gnu::always_inline]] inline void Reader::leave(const Cursor& cursor) {
  next_ = cursor.next;
  out_ = cursor.out;
  top_ = cursor.frame;
  element_name_ = cursor.type + 1;
}

template <class T>
[[gnu::always_inline]] inline void store(char*& out, T value) {
  std::memcpy(out, &value, sizeof value);
  out += sizeof value;
}

// The last quote of the string that begins at `begin`; `end` is the next token.
[[gnu::always_inline]] inline const char* last_quote(const char* end) {
  do {
    --end;
  } while (*end != '"');
  return end;
}

// Copies a short string without escapes; false: it is another one, and nothing is used.
[[gnu::always_inline]] inline bool copy_short(const char* from, size_t size, char* to) {
  const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), block);
  const auto found =
      static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8('\\'))));
  return size <= 16 && (found & ((uint32_t{1} << size) - 1)) == 0;
}

// The name of an object's value, at cursor.type + 1.
[[gnu::always_inline]] inline bool Reader::read_object_name(Cursor& cursor) {
  const uint32_t* const token = cursor.next;
  const char* const begin = cursor.text + token[0] + 1;
  if (begin[-1] != '"' || cursor.text[token[1]] != ':') [[unlikely]] {
    return fail_at(token + (begin[-1] == '"' ? 1 : 0), "expected a name and a colon");
  }
  auto size = static_cast<size_t>(last_quote(cursor.text + token[1]) - begin);
  char* const name = cursor.type + 1;
  const char* filtered = begin;  // not the copy, whose bytes are still on their way to memory
  if (!copy_short(begin, size, name)) [[unlikely]] {
    cursor.out = name;
    leave(cursor);
    if (!write_long_name(begin, begin + size)) {
      return false;
    }
    cursor = enter(cursor.type);
    size = static_cast<size_t>(cursor.out - name);
    filtered = name;
  }
  name[size] = '\0';
  cursor.out = name + size + 1;
  Frame& frame = *cursor.frame;
  if (frame.may_repeat({filtered, size}) && frame.count <= Frame::kShort) [[unlikely]] {
    leave(cursor);
    if (is_repeated(frame, {name, size})) {
      return fail_at(token, "a repeated name");
    }
  }
  cursor.next = token + 2;
  return true;
}

// An index, the name of an array's value.
[[gnu::always_inline]] inline void write_index(char*& out, uint32_t index) {
  if (index < 10) [[likely]] {
    *out++ = static_cast<char>('0' + index);
  } else {
    out = write_uint64(index, out);
  }
  *out++ = '\0';
}

// At a string's token: its length, text and NUL.
[[gnu::always_inline]] inline bool Reader::read_string(Cursor& cursor) {
  const char* const begin = cursor.text + cursor.next[0] + 1;
  if (begin[-1] != '"') [[unlikely]] {
    return fail_at(cursor.next, "expected a string");
  }
  const char* const end = last_quote(cursor.text + cursor.next[1]);
  if (end < begin) [[unlikely]] {
    return fail_at(cursor.next, "");
  }
  char* const to = cursor.out;
  const char* const to_end = copy_string(begin, end, to + 4);
  if (to_end == nullptr) [[unlikely]] {
    return fail_at(cursor.next, "a string with a wrong escape");
  }
  const auto size = static_cast<uint32_t>(to_end - to) - 3;  // with the NUL
  cursor.out = to;
  store(cursor.out, size);
  cursor.out = to + 4 + size;
  cursor.out[-1] = '\0';
  *cursor.type = static_cast<char>(Tag::string);
  ++cursor.next;
  return true;
}

[[gnu::always_inline]] inline bool Reader::read_number(Cursor& cursor, const char* begin,
                                                       const char* end, NumberGrammar grammar) {
  Number number;
  const NumberKind kind = parse_short_number(begin, end, grammar, number);
  if (kind == NumberKind::int32) {
    *cursor.type = static_cast<char>(Tag::int32);
    store(cursor.out, static_cast<int32_t>(number.integer));
  } else if (kind == NumberKind::decimal128) {
    *cursor.type = static_cast<char>(Tag::decimal128);
    store(cursor.out, number.decimal.low);  // one by one: both together would wait for memory
    store(cursor.out, number.decimal.high);
  } else if (kind == NumberKind::int64) {
    *cursor.type = static_cast<char>(Tag::int64);
    store(cursor.out, number.integer);
  } else {
    leave(cursor);
    if (!write_long_number(cursor.type, {begin, static_cast<size_t>(end - begin)}, grammar)) {
      return false;
    }
    cursor = enter(cursor.type);
  }
  ++cursor.next;
  return true;
}

// At the string of a number.
[[gnu::always_inline]] inline bool Reader::read_item_number(Cursor& cursor) {
  const char* const begin = cursor.text + cursor.next[0] + 1;
  const char* const end = last_quote(cursor.text + cursor.next[1]);
  return read_number(cursor, begin, end, NumberGrammar::dynamodb);
}

// At the opening bracket of a value.
[[gnu::always_inline]] inline bool Reader::read_opening(Cursor& cursor, Tag tag) {
  if (cursor.frame == &frames_.back()) [[unlikely]] {
    leave(cursor);
    return fail_too_deep();
  }
  *cursor.type = static_cast<char>(tag);
  *++cursor.frame = {
      .start = cursor.out, .name = cursor.type + 1, .closer = tag == Tag::array ? ']' : '}'};
  cursor.out += sizeof(uint32_t);
  ++cursor.next;
  return true;
}

// A value for which the loop has nothing of its own.
[[gnu::always_inline]] inline bool Reader::read_rare(Cursor& cursor, Wire wire, const char* tag) {
  leave(cursor);
  const bool is_read =
      wire == Wire::plain ? write_literal(cursor.type) : read_item_other(cursor.type, tag);
  cursor = enter(cursor.type);
  return is_read;
}

[[gnu::always_inline]] inline bool Reader::read_plain_value(Cursor& cursor) {
  const char first = cursor.text[cursor.next[0]];
  if (first == '"') {
    return read_string(cursor);
  }
  if (first == '{' || first == '[') {
    return read_opening(cursor, first == '{' ? Tag::document : Tag::array);
  }
  if (first == 't' || first == 'f' || first == 'n') {
    return read_rare(cursor, Wire::plain, nullptr);
  }
  return read_number(cursor, cursor.text + cursor.next[0], token_end(cursor.next),
                     NumberGrammar::json);
}

// {"BOOL":true} without white space at its end; false: anything else.
[[gnu::always_inline]] inline bool Reader::read_short_bool(Cursor& cursor, const uint32_t* token) {
  const char* const content = cursor.text + token[3];
  if (std::memcmp(cursor.text + token[1] + 1, "BOOL\"", 5) != 0) {
    return false;
  }
  const bool is_true = std::memcmp(content, "true}", 5) == 0;
  if (!is_true && (std::memcmp(content, "false", 5) != 0 || content[5] != '}')) {
    return false;
  }
  if (token[4] != token[3] + (is_true ? 4 : 5)) {
    return false;
  }
  *cursor.type = static_cast<char>(Tag::boolean);
  *cursor.out++ = static_cast<char>(is_true ? 1 : 0);
  cursor.next = token + 5;
  return true;
}

// The first `count` characters of a text, as load_8() has them behind this mask.
consteval uint64_t chars_mask(size_t count) {
  return (uint64_t{1} << (8 * count)) - 1;
}
consteval uint64_t chars_of(std::string_view text) {
  uint64_t chars = 0;
  for (size_t i = text.size(); i > 0; --i) {
    chars = chars << 8 | static_cast<uint8_t>(text[i - 1]);
  }
  return chars;
}

// {"S":"x"} and its kind: up to the last bracket, but M and L stay open.
[[gnu::always_inline]] inline bool Reader::read_item_value(Cursor& cursor) {
  const uint32_t* const token = cursor.next;
  // Most are strings and numbers without white space: then one look tells the type and that the
  // tokens up to the content are what they must be.
  const uint64_t head = load_8(cursor.text + token[0]) & chars_mask(6);
  cursor.next = token + 3;
  bool is_read = false;
  if (head == chars_of("{\"S\":\"")) {
    is_read = read_string(cursor);
  } else if (head == chars_of("{\"N\":\"") && token[4] > token[3]) {
    is_read = read_item_number(cursor);
  } else {
    if (cursor.text[token[0]] != '{' || cursor.text[token[1]] != '"' ||
        cursor.text[token[2]] != ':') [[unlikely]] {
      return fail_at(token, "expected a DynamoDB value such as {\"S\":\"text\"}");
    }
    const char* const tag = cursor.text + token[1] + 1;
    const uint64_t start = load_8(tag) & chars_mask(2);
    const char first = cursor.text[token[3]];
    if (start == chars_of("M\"") && first == '{') {
      return read_opening(cursor, Tag::document);
    }
    if (start == chars_of("L\"") && first == '[') {
      return read_opening(cursor, Tag::array);
    }
    if (start == chars_of("BO") && read_short_bool(cursor, token)) {
      return true;
    }
    if (start == chars_of("S\"")) {
      is_read = read_string(cursor);
    } else if (start == chars_of("N\"") && first == '"' && token[4] > token[3]) {
      is_read = read_item_number(cursor);
    } else {
      is_read = read_rare(cursor, Wire::dynamodb, tag);
    }
  }
  if (!is_read) [[unlikely]] {
    return false;
  }
  if (cursor.text[*cursor.next] != '}') [[unlikely]] {
    return fail_at(cursor.next, "a value with several types");
  }
  ++cursor.next;
  return true;
}

// Behind a value: closes what ends there, up to the comma before the next value or up to the end of
// all frames.
template <Wire kWire>
[[gnu::always_inline]] inline bool Reader::read_closings(Cursor& cursor) {
  while (cursor.next < cursor.end) {
    const char token = cursor.text[*cursor.next++];
    if (token == ',') {
      return true;
    }
    const Frame& frame = *cursor.frame;
    if (token != frame.closer) [[unlikely]] {
      return fail_at(cursor.next - 1, "expected a comma or the end of the object or array");
    }
    *cursor.out++ = '\0';
    const auto size = static_cast<uint32_t>(cursor.out - frame.start);
    std::memcpy(frame.start, &size, sizeof size);
    if (frame.count > Frame::kShort && frame.closer == '}') [[unlikely]] {
      if (has_repeated_names(frame)) {
        return fail_at(cursor.next - 1, "an object that repeats a name");
      }
    }
    --cursor.frame;
    if (cursor.frame->closer == '\0') {
      return true;
    }
    if (kWire == Wire::dynamodb && cursor.text[*cursor.next++] != '}') [[unlikely]] {
      return fail_at(cursor.next - 1, "a value with several types");
    }
  }
  return fail_at(cursor.next, "");
}

// At the opening bracket of an object or array.
template <Wire kWire>
bool Reader::read_values() {
  reset_document();
  Cursor cursor = enter(out_ - 1);  // the byte before a document takes its type
  if (!read_opening(cursor, peek() == '{' ? Tag::document : Tag::array)) {
    return false;
  }
  bool is_first = true;  // behind an opening bracket, where the closing one may follow
  for (;;) {
    if (cursor.next >= cursor.end) [[unlikely]] {
      return fail_at(cursor.next, "");
    }
    if (!is_first || cursor.text[*cursor.next] != cursor.frame->closer) {
      cursor.type = cursor.out++;
      Frame& frame = *cursor.frame;
      const uint32_t index = frame.count++;
      if (frame.closer == ']') {
        write_index(cursor.out, index);
      } else if (!read_object_name(cursor)) [[unlikely]] {
        return false;
      }
      const bool is_read =
          kWire == Wire::plain ? read_plain_value(cursor) : read_item_value(cursor);
      if (!is_read) [[unlikely]] {
        return false;
      }
      if (cursor.frame != &frame) {
        is_first = true;
        continue;
      }
    }
    if (!read_closings<kWire>(cursor)) [[unlikely]] {
      return false;
    }
    is_first = false;
    if (cursor.frame->closer == '\0') {
      leave(cursor);
      return true;
    }
  }
}

}  // namespace penstock::doc
