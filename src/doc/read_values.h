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
  const char* at;
  char* out;
  char* type;  // where the type of the value being read goes; its name is right behind
  Frame* frame;
  const char* end;
};

[[gnu::always_inline]] inline Reader::Cursor Reader::enter(char* type) {
  return {at_, out_, type, top_, end_};
}

[[gnu::always_inline]] inline void Reader::leave(const Cursor& cursor) {
  at_ = cursor.at;
  out_ = cursor.out;
  top_ = cursor.frame;
  element_name_ = cursor.type + 1;
}

template <class T>
[[gnu::always_inline]] inline void store(char*& out, T value) {
  std::memcpy(out, &value, sizeof value);
  out += sizeof value;
}

// The name of an object's value, at cursor.type + 1, and the colon.
[[gnu::always_inline]] inline bool Reader::read_object_name(Cursor& cursor) {
  if (token_at(cursor.at, cursor.end) != '"') [[unlikely]] {
    return fail_at(cursor.at, "expected a name and a colon");
  }
  const char* const begin = ++cursor.at;
  char* const name = cursor.type + 1;
  const char* filtered = begin;  // not the copy, whose bytes are still on their way to memory
  const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(begin));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(name), block);
  auto size = static_cast<size_t>(std::countr_zero(special_bytes(block) | 0x10000));
  if (begin[size] == '"') [[likely]] {
    cursor.at = begin + size + 1;
  } else {
    cursor.out = name;
    leave(cursor);
    if (!write_long_name()) {
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
    if (cursor.at <= cursor.end && is_repeated(frame, {name, size})) {
      return fail_at(begin - 1, "a repeated name");
    }
  }
  if (token_at(cursor.at, cursor.end) != ':' || cursor.at >= cursor.end) [[unlikely]] {
    return fail_at(cursor.at, "expected a name and a colon");
  }
  ++cursor.at;
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

// Behind the first quote of a string: its length, text and NUL.
[[gnu::always_inline]] inline bool Reader::read_string(Cursor& cursor) {
  char* const to = cursor.out;
  const StringEnd found = copy_string(cursor.at, cursor.end, to + 4);
  if (found.quote == nullptr) [[unlikely]] {
    return fail_at(cursor.at - 1, string_fault(cursor.at, cursor.end));
  }
  const auto size = static_cast<uint32_t>(found.copy - to) - 3;  // with the NUL
  cursor.out = to;
  store(cursor.out, size);
  cursor.out = to + 4 + size;
  cursor.out[-1] = '\0';
  *cursor.type = static_cast<char>(Type::string);
  cursor.at = found.quote + 1;
  return true;
}

// The number up to `end`.
[[gnu::always_inline]] inline bool Reader::read_number(Cursor& cursor, const char* end,
                                                       NumberGrammar grammar) {
  Number number;
  const NumberKind kind = parse_short_number(cursor.at, end, grammar, number);
  if (kind == NumberKind::int32) {
    *cursor.type = static_cast<char>(Type::int32);
    store(cursor.out, static_cast<int32_t>(number.integer));
  } else if (kind == NumberKind::decimal128) {
    *cursor.type = static_cast<char>(Type::decimal128);
    store(cursor.out, number.decimal.low);  // one by one: both together would wait for memory
    store(cursor.out, number.decimal.high);
  } else if (kind == NumberKind::int64) {
    *cursor.type = static_cast<char>(Type::int64);
    store(cursor.out, number.integer);
  } else {
    leave(cursor);
    if (!write_long_number(cursor.type, end, grammar)) {
      return false;
    }
    cursor = enter(cursor.type);
  }
  cursor.at = end;
  return true;
}

// Behind the first quote of a number.
[[gnu::always_inline]] inline bool Reader::read_item_number(Cursor& cursor) {
  const char* const quote = find_byte(cursor.at, cursor.end, [](__m128i block) {
    return static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8('"'))));
  });
  if (!read_number(cursor, quote, NumberGrammar::dynamodb)) {
    return false;
  }
  ++cursor.at;
  return true;
}

// At the opening bracket of a value.
[[gnu::always_inline]] inline bool Reader::read_opening(Cursor& cursor, Type type) {
  if (cursor.frame == &frames_.back()) [[unlikely]] {
    leave(cursor);
    return fail_too_deep();
  }
  *cursor.type = static_cast<char>(type);
  *++cursor.frame = {
      .start = cursor.out, .name = cursor.type + 1, .closer = type == Type::array ? ']' : '}'};
  cursor.out += sizeof(uint32_t);
  ++cursor.at;
  return true;
}

// A value for which the loop has nothing of its own.
[[gnu::always_inline]] inline bool Reader::read_rare(Cursor& cursor, Wire wire) {
  leave(cursor);
  const bool is_read =
      wire == Wire::plain ? write_literal(cursor.type) : read_item_other(cursor.type);
  cursor = enter(cursor.type);
  return is_read;
}

// False: `at` is at neither true nor false, and nothing was read.
[[gnu::always_inline]] inline bool Reader::read_bool(Cursor& cursor, const char* at) {
  const bool is_true = std::memcmp(at, "true", 4) == 0;
  if (!is_true && std::memcmp(at, "false", 5) != 0) {
    return false;
  }
  *cursor.type = static_cast<char>(Type::boolean);
  *cursor.out++ = static_cast<char>(is_true ? 1 : 0);
  cursor.at = at + (is_true ? 4 : 5);
  return true;
}

[[gnu::always_inline]] inline bool Reader::read_plain_value(Cursor& cursor) {
  const char first = token_at(cursor.at, cursor.end);
  if (first == '"') {
    ++cursor.at;
    return read_string(cursor);
  }
  if (first == '{' || first == '[') {
    return read_opening(cursor, first == '{' ? Type::document : Type::array);
  }
  if (first == 't' || first == 'f' || first == 'n') {
    return read_rare(cursor, Wire::plain);
  }
  return read_number(cursor, find_end_of_word(cursor.at, cursor.end), NumberGrammar::json);
}

// The first `count` characters of a text, as load_8() has them behind this mask.
consteval uint64_t chars_mask(size_t count) {
  return count == 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * count)) - 1;
}
consteval uint64_t chars_of(std::string_view text) {
  uint64_t chars = 0;
  for (size_t i = text.size(); i > 0; --i) {
    chars = chars << 8 | static_cast<uint8_t>(text[i - 1]);
  }
  return chars;
}

// The last bracket of {"S":"x"} and its kind.
[[gnu::always_inline]] inline bool Reader::read_end_of_item(Cursor& cursor) {
  const char token = token_at(cursor.at, cursor.end);
  if (token != '}') [[unlikely]] {
    return fail_at(cursor.at,
                   token == ',' ? "a value with several types" : "expected the end of the value");
  }
  ++cursor.at;
  return true;
}

// {"S":"x"} and its kind: up to the last bracket, but M and L stay open. Most have no white space:
// then one look tells the type and that the tokens up to the content are what they must be.
[[gnu::always_inline]] inline bool Reader::read_item_value(Cursor& cursor) {
  token_at(cursor.at, cursor.end);
  const uint64_t eight = load_8(cursor.at);
  const uint64_t head = eight & chars_mask(6);
  bool is_read = false;
  if (head == chars_of("{\"S\":\"")) {
    cursor.at += 6;
    is_read = read_string(cursor);
  } else if (head == chars_of("{\"N\":\"")) {
    cursor.at += 6;
    is_read = read_item_number(cursor);
  } else if (head == chars_of("{\"M\":{") || head == chars_of("{\"L\":[")) {
    cursor.at += 5;
    return read_opening(cursor, head == chars_of("{\"M\":{") ? Type::document : Type::array);
  } else if (eight == chars_of("{\"BOOL\":") && read_bool(cursor, cursor.at + 8)) {
    is_read = true;
  } else {
    const Frame* const frame = cursor.frame;
    is_read = read_rare(cursor, Wire::dynamodb);
    if (cursor.frame != frame) {
      return is_read;
    }
  }
  if (!is_read) [[unlikely]] {
    return false;
  }
  return read_end_of_item(cursor);
}

// Behind a value: closes what ends there, up to the comma before the next value or up to the end of
// all frames.
template <Wire kWire>
[[gnu::always_inline]] inline bool Reader::read_closings(Cursor& cursor) {
  while (cursor.at < cursor.end) {
    const char token = token_at(cursor.at, cursor.end);
    ++cursor.at;
    if (token == ',') {
      return true;
    }
    const Frame& frame = *cursor.frame;
    if (token != frame.closer) [[unlikely]] {
      return fail_at(cursor.at - 1, "expected a comma or the end of the object or array");
    }
    *cursor.out++ = '\0';
    const auto size = static_cast<uint32_t>(cursor.out - frame.start);
    std::memcpy(frame.start, &size, sizeof size);
    if (frame.count > Frame::kShort && frame.closer == '}') [[unlikely]] {
      if (has_repeated_names(frame)) {
        return fail_at(cursor.at - 1, "an object that repeats a name");
      }
    }
    --cursor.frame;
    if (cursor.frame->closer == '\0') {
      return true;
    }
    if (kWire == Wire::dynamodb && !read_end_of_item(cursor)) [[unlikely]] {
      return false;
    }
  }
  return fail_at(cursor.at, "");
}

// At the opening bracket of an object or array.
template <Wire kWire>
bool Reader::read_values() {
  reset_document();
  const Type type = peek() == '{' ? Type::document : Type::array;
  Cursor cursor = enter(out_ - 1);  // the byte before a document takes its type
  if (!read_opening(cursor, type)) {
    return false;
  }
  bool is_first = true;  // behind an opening bracket, where the closing one may follow
  for (;;) {
    if (cursor.at >= cursor.end) [[unlikely]] {
      return fail_at(cursor.at, "");
    }
    if (!is_first || token_at(cursor.at, cursor.end) != cursor.frame->closer) {
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
