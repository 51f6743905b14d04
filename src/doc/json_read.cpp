// Plain JSON to documents.
#include <algorithm>
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

bool Reader::write_literal(char* type) {
  const char* const begin = token_begin(next_);
  const std::string_view token(begin, static_cast<size_t>(token_end(next_) - begin));
  if (token == "null") {
    *type = static_cast<char>(Tag::null);
  } else if (token == "true" || token == "false") {
    *type = static_cast<char>(Tag::boolean);
    *out_++ = static_cast<char>(token.size() == 4 ? 1 : 0);
  } else {
    return fail_at(next_, "expected a value");
  }
  ++next_;
  return true;
}

bool Reader::write_long_number(char* type, std::string_view digits, NumberGrammar grammar) {
  Number number;
  const NumberKind kind =
      parse_number(digits.data(), digits.data() + digits.size(), grammar, number);
  switch (kind) {
    case NumberKind::int32:
      *type = static_cast<char>(Tag::int32);
      store(out_, static_cast<int32_t>(number.integer));
      return true;
    case NumberKind::int64:
      *type = static_cast<char>(Tag::int64);
      store(out_, number.integer);
      return true;
    case NumberKind::decimal128:
      *type = static_cast<char>(Tag::decimal128);
      store(out_, number.decimal);
      return true;
    case NumberKind::inexact:
      return write_inexact(type, digits);
    case NumberKind::invalid:
      break;
  }
  return fail_at(next_, "expected a value");
}

bool Reader::write_inexact(char* type, std::string_view digits) {
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
      *type = static_cast<char>(Tag::double_);
      store(out_, value);
      break;
    }
    case Numbers::string:
      *type = static_cast<char>(Tag::string);
      store(out_, static_cast<uint32_t>(digits.size() + 1));
      out_ = std::copy(digits.begin(), digits.end(), out_);
      *out_++ = '\0';
      break;
  }
  add_loss(Loss::Type::number, digits);
  return true;
}

bool Reader::skip_value() {
  const char first = peek();
  if (first == '"') {
    std::string_view unused;
    return read_text(unused);
  }
  // A long number is no concern of what is skipped.
  const Numbers numbers = std::exchange(options_.numbers, Numbers::string);
  bool is_valid = false;
  if (first == '{' || first == '[') {
    is_valid = read_plain_object();
  } else {
    reset_document();
    char* const type = out_++;
    *out_++ = '\0';  // its name
    Cursor cursor = enter(type);
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
