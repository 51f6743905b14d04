// Plain JSON to documents.
#include <charconv>
#include <system_error>
#include <utility>

#include "doc/read_values.h"

namespace penstock::doc {

bool Reader::read_plain_object() {
  if (peek() != '{' && peek() != '[') {
    return fail_at(next_, "expected an object");
  }
  return read_values<Wire::plain>();
}

bool Reader::write_literal(size_t type_at) {
  const char* const begin = token_begin(next_);
  const std::string_view token(begin, static_cast<size_t>(token_end(next_) - begin));
  if (token == "null") {
    *out_.from(type_at) = static_cast<char>(Tag::null);
  } else if (token == "true" || token == "false") {
    char* const at = out_.reserve(1);
    *out_.from(type_at) = static_cast<char>(Tag::boolean);
    *at = static_cast<char>(token.size() == 4 ? 1 : 0);
    out_.advance_to(at + 1);
  } else {
    return fail_at(next_, "expected a value");
  }
  ++next_;
  return true;
}

bool Reader::write_long_number(size_t type_at, std::string_view digits, NumberGrammar grammar) {
  Number number;
  const NumberKind kind =
      parse_number(digits.data(), digits.data() + digits.size(), grammar, number);
  char* to = out_.reserve(16);
  char* const type = out_.from(type_at);
  switch (kind) {
    case NumberKind::int32:
      *type = static_cast<char>(Tag::int32);
      store(to, static_cast<int32_t>(number.integer));
      break;
    case NumberKind::int64:
      *type = static_cast<char>(Tag::int64);
      store(to, number.integer);
      break;
    case NumberKind::decimal128:
      *type = static_cast<char>(Tag::decimal128);
      store(to, number.decimal);
      break;
    case NumberKind::inexact:
      return write_inexact(type_at, digits);
    case NumberKind::invalid:
      return fail_at(next_, "expected a value");
  }
  out_.advance_to(to);
  return true;
}

bool Reader::write_inexact(size_t type_at, std::string_view digits) {
  switch (options_.numbers) {
    case Numbers::error:
      return fail_at(next_, "a number that no int64 or decimal128 holds (numbers: error)");
    case Numbers::double_: {
      double value = 0;
      const size_t sign = digits.starts_with('+') ? 1 : 0;
      const auto parsed =
          std::from_chars(digits.data() + sign, digits.data() + digits.size(), value);
      if (parsed.ec != std::errc()) {
        return fail_at(next_, "a number that no double holds (numbers: double)");
      }
      char* const to = out_.reserve(sizeof value);
      *out_.from(type_at) = static_cast<char>(Tag::double_);
      std::memcpy(to, &value, sizeof value);
      out_.advance_to(to + sizeof value);
      break;
    }
    case Numbers::string: {
      const auto size = static_cast<uint32_t>(digits.size() + 1);
      char* const to = out_.reserve(digits.size() + 5);
      *out_.from(type_at) = static_cast<char>(Tag::string);
      std::memcpy(to, &size, sizeof size);
      std::memcpy(to + 4, digits.data(), digits.size());
      to[4 + digits.size()] = '\0';
      out_.advance_to(to + 5 + digits.size());
      break;
    }
  }
  add_loss(Loss::Type::number, digits);
  return true;
}

bool Reader::skip_value() {
  // A long number is no concern of what is skipped.
  const Numbers numbers = std::exchange(options_.numbers, Numbers::string);
  bool is_valid = false;
  if (peek() == '{' || peek() == '[') {
    is_valid = read_plain_object();
  } else if (peek() == '"') {
    std::string_view unused;
    is_valid = read_text(unused);
  } else {
    reset_document();
    char* const at = out_.reserve(static_cast<size_t>(token_end(next_) - token_begin(next_)) + 32);
    Cursor cursor{next_, at + 2, at, top_, text_, end_};
    at[1] = '\0';  // its name
    is_valid = read_plain_value(cursor);
    next_ = cursor.next;
  }
  options_.numbers = numbers;
  return is_valid;
}

JsonReader::JsonReader() : state_(std::make_unique<State>()) {}
JsonReader::~JsonReader() = default;

Result<Document> JsonReader::read(std::string_view padded_text, Arena& arena,
                                  const ParseOptions& options) {
  Reader& reader = state_->reader;
  TRY(reader.start(padded_text, arena, options));
  if (reader.peek() != '{') {
    reader.fail_at(reader.next(), "expected an object");
    return reader.error();
  }
  if (!reader.read_plain_object()) {
    return reader.error();
  }
  if (!reader.at_end()) {
    reader.fail_at(reader.next(), "something behind the object");
    return reader.error();
  }
  return reader.take();
}

}  // namespace penstock::doc
