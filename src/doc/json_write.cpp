// Documents to plain JSON: one pass over the BSON, which delimits itself, so that the only thing to
// keep is the closing bracket of each open level.
#include "base/digits.h"
#include "base/json_string.h"
#include "doc/json.h"
#include "doc/loss_cursor.h"
#include "doc/value_text.h"

namespace penstock::doc {

namespace {

constexpr char kScope = 's';  // the level of a code's scope, which closes two objects

template <class T>
[[gnu::always_inline]] inline T load(const uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// What the loop below moves. It stays in registers, because its address never leaves the loop.
struct Cursor {
  const uint8_t* at;
  const uint8_t* limit;  // the end of the document
};

[[gnu::always_inline]] inline void write_name(Cursor& in, TextRoom& out, std::string& text) {
  const auto* const name = reinterpret_cast<const char*>(in.at);
  *out.at++ = '"';
  const char* const end =
      put_escaped_name(text, out, name, reinterpret_cast<const char*>(in.limit));
  *out.at++ = '"';
  *out.at++ = ':';
  in.at += end - name + 1;
}

[[gnu::always_inline]] inline void write_string(Cursor& in, TextRoom& out, std::string& text) {
  const size_t size = load<uint32_t>(in.at) - 1;
  const auto* const from = reinterpret_cast<const char*>(in.at + 4);
  make_room(text, out, size);
  *out.at++ = '"';
  put_escaped(text, out, from, from + size, reinterpret_cast<const char*>(in.limit));
  *out.at++ = '"';
  in.at += 4 + size + 1;
}

// The types that are rare, or long anyway.
[[gnu::noinline]] TextRoom write_other(Type type, Cursor in, TextRoom out, std::string& text) {
  close_room(text, out);
  {
    TextOut writer(text, kNumberTextMax + 2 * bson_value_size(type, in.at));
    put_scalar(writer, type, in.at, in.limit);
  }
  return open_room(text, 0);
}

// A value that is neither document nor array nor code with scope.
[[gnu::always_inline]] inline void write_scalar(Type type, Cursor& in, TextRoom& out,
                                                std::string& text) {
  switch (type) {
    case Type::string:
      write_string(in, out, text);
      return;
    case Type::int32:
      out.at = write_int64(load<int32_t>(in.at), out.at);
      in.at += 4;
      return;
    case Type::int64:
      out.at = write_int64(load<int64_t>(in.at), out.at);
      in.at += 8;
      return;
    case Type::boolean: {
      const bool value = *in.at++ != 0;
      std::memcpy(out.at, value ? "true," : "false", 5);
      out.at += value ? 4 : 5;
      return;
    }
    case Type::null:
      std::memcpy(out.at, "null", 4);
      out.at += 4;
      return;
    case Type::decimal128:
      if ((in.at[15] & 0x60) != 0x60) [[likely]] {  // finite, as all numbers of a reader are
        out.at = write_decimal128(load_decimal(in.at), out.at);
        in.at += 16;
        return;
      }
      [[fallthrough]];
    default:
      out = write_other(type, in, out, text);
      in.at += bson_value_size(type, in.at);
  }
}

// The closing bracket of each open level.
class Closers {
 public:
  [[gnu::always_inline]] void push(char closer) {
    if (size_ == capacity_) [[unlikely]] {
      grow();
    }
    levels_[size_++] = closer;
  }
  char pop() { return levels_[--size_]; }
  char top() const { return levels_[size_ - 1]; }
  bool empty() const { return size_ == 0; }

 private:
  [[gnu::noinline]] void grow() {
    std::string more(levels_, size_);
    more.resize(size_t{2} * size_);
    deep_.swap(more);
    levels_ = deep_.data();
    capacity_ = deep_.size();
  }

  char shallow_[64];
  std::string deep_;
  char* levels_ = shallow_;
  size_t size_ = 0;
  size_t capacity_ = sizeof shallow_;
};

[[gnu::always_inline]] inline void open_level(Cursor& in, TextRoom& out, Closers& closers,
                                              char closer) {
  *out.at++ = closer == ']' ? '[' : '{';
  closers.push(closer);
  in.at += 4;
}

[[gnu::always_inline]] inline void close_level(TextRoom& out, Closers& closers) {
  out.at -= out.at[-1] == ',' ? 1 : 0;
  const char closer = closers.pop();
  *out.at++ = closer == kScope ? '}' : closer;
  if (closer == kScope) {
    *out.at++ = '}';
  }
}

// {"code":…,"scope":  up to the scope, a document.
[[gnu::noinline]] TextRoom write_code(Cursor& in, TextRoom out, std::string& text) {
  close_room(text, out);
  {
    TextOut writer(text, 64);
    writer.put("{\"code\":");
    in.at = put_string(writer, in.at + 4, in.limit);
    writer.reserve(kNumberTextMax);
    writer.put(",\"scope\":");
  }
  return open_room(text, 0);
}

// A number as DynamoDB takes it (+007, .5, 5.) by the grammar of JSON, with the same value.
void append_digits(std::string_view digits, std::string& text) {
  if (digits.starts_with('-')) {
    text += '-';
  }
  digits.remove_prefix(digits.starts_with('-') || digits.starts_with('+') ? 1 : 0);
  while (digits.size() > 1 && digits[0] == '0') {
    digits.remove_prefix(1);
  }
  const size_t whole = std::min(digits.find_first_not_of("0123456789"), digits.size());
  text += whole == 0 ? "0" : digits.substr(0, whole);
  digits.remove_prefix(whole);
  const bool is_bare_point =
      digits.starts_with('.') && (digits.size() == 1 || digits[1] == 'e' || digits[1] == 'E');
  digits.remove_prefix(is_bare_point ? 1 : 0);
  text += digits;
}

// The name that was lost, or nothing; numbers that were lost are written here and passed.
struct LostValue {
  bool is_named = false;
  bool is_written = false;
};

[[gnu::noinline]] LostValue write_lost(LossCursor& losses, Type type, char closer, Cursor& in,
                                       TextRoom& out, std::string& text) {
  LostValue lost;
  const auto* const name = reinterpret_cast<const char*>(in.at);
  losses.at(name);
  if (losses.name() == nullptr && losses.number() == nullptr) {
    return lost;
  }
  close_room(text, out);
  if (closer != ']') {
    append_json_string(losses.name() != nullptr ? losses.name()->text : name, text);
    text += ':';
  }
  in.at += std::strlen(name) + 1;
  lost.is_named = true;
  if (losses.number() != nullptr && type == Type::string) {
    append_digits(losses.number()->text, text);
    in.at += bson_value_size(type, in.at);
    lost.is_written = true;
  }
  out = open_room(text, 0);
  return lost;
}

// At a value's name. False: its level was opened instead.
[[gnu::always_inline]] inline bool write_value(Type type, char closer, bool is_named, Cursor& in,
                                               TextRoom& out, std::string& text, Closers& closers) {
  if (is_named) {
    // The name is written.
  } else if (closer == ']') {
    while (*in.at++ != 0) {
    }
  } else {
    write_name(in, out, text);
  }
  if (type == Type::document || type == Type::array) {
    open_level(in, out, closers, type == Type::array ? ']' : '}');
    return false;
  }
  if (type == Type::code_with_scope) [[unlikely]] {
    Cursor copy = in;
    out = write_code(copy, out, text);
    in = copy;
    open_level(in, out, closers, kScope);
    return false;
  }
  write_scalar(type, in, out, text);
  return true;
}

// kHasLosses: numbers or names were lost. Sets are nothing to plain JSON.
template <bool kHasLosses>
void write_document(const Document& document, TextOut& to, Shape shape) {
  Cursor in{document.data(), document.data() + document.size()};
  to.reserve(document.size() * 3 / 2);
  std::string& text = to.text();
  TextRoom out = to.room();
  Closers closers;
  LossCursor losses(document.losses());
  open_level(in, out, closers, shape == Shape::array ? ']' : '}');
  while (!closers.empty()) {
    make_room(text, out, 0);
    const auto type = static_cast<Type>(*in.at++);
    if (type == Type{0}) {
      close_level(out, closers);
      if (kHasLosses && !closers.empty()) {
        losses.leave();
      }
      *out.at++ = ',';
      continue;
    }
    LostValue lost;
    if constexpr (kHasLosses) {
      lost = write_lost(losses, type, closers.top(), in, out, text);
    }
    const bool is_written =
        lost.is_written || write_value(type, closers.top(), lost.is_named, in, out, text, closers);
    if (is_written) {
      *out.at++ = ',';
    } else if (kHasLosses) {
      losses.enter();
    }
  }
  --out.at;  // the comma behind the last bracket
  to.room() = out;
}

}  // namespace

void put_json(const Document& document, TextOut& out, Shape shape) {
  if (!document.present()) {
    out.reserve(4);
    out.put("null");
    return;
  }
  for (const Loss& loss : document.losses()) {
    if (loss.type == Loss::Type::number || loss.type == Loss::Type::name) {
      write_document<true>(document, out, shape);
      return;
    }
  }
  write_document<false>(document, out, shape);
}

void append_json(const Document& document, std::string& out, Shape shape) {
  TextOut text(out, 0);
  put_json(document, text, shape);
}

}  // namespace penstock::doc
