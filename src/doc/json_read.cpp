// Plain JSON to documents.
#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "doc/read_values.h"

namespace penstock::doc {

bool Reader::read_plain_object() {
  return read_values<Wire::plain>();
}

bool Reader::write_literal(char* type) {
  Cursor cursor = enter(type);
  if (read_bool(cursor, at_)) {
    leave(cursor);
    return true;
  }
  if (std::memcmp(at_, "null", 4) != 0) {
    return fail_at(at_, "expected a value");
  }
  *type = static_cast<char>(Type::null);
  at_ += 4;
  return true;
}

bool Reader::write_long_number(char* type, const char* end, NumberGrammar grammar) {
  if (at_ >= end) {
    return fail_at(at_, "expected a value");
  }
  const std::string_view digits(at_, end);
  Number number;
  const NumberKind kind =
      parse_number(digits.data(), digits.data() + digits.size(), grammar, number);
  switch (kind) {
    case NumberKind::int32:
      *type = static_cast<char>(Type::int32);
      store(out_, static_cast<int32_t>(number.integer));
      return true;
    case NumberKind::int64:
      *type = static_cast<char>(Type::int64);
      store(out_, number.integer);
      return true;
    case NumberKind::decimal128:
      *type = static_cast<char>(Type::decimal128);
      store(out_, number.decimal);
      return true;
    case NumberKind::inexact:
      return write_inexact(type, digits);
    case NumberKind::invalid:
      break;
  }
  return fail_at(at_, grammar == NumberGrammar::json ? "expected a value" : "expected a number");
}

// I8: by the policy that the user chose.
bool Reader::write_inexact(char* type, std::string_view digits) {
  switch (options_.numbers) {
    case Numbers::error:
      return fail_at(at_, "a number that no int64 or decimal128 holds (numbers: error)");
    case Numbers::double_: {
      double value = 0;
      const size_t sign = digits.starts_with('+') ? 1 : 0;
      const auto parsed =
          std::from_chars(digits.data() + sign, digits.data() + digits.size(), value);
      if (parsed.ec != std::errc()) {
        return fail_at(at_, "a number that no double holds (numbers: double)");
      }
      *type = static_cast<char>(Type::double_);
      store(out_, value);
      break;
    }
    case Numbers::string:
      *type = static_cast<char>(Type::string);
      store(out_, static_cast<uint32_t>(digits.size() + 1));
      out_ = std::copy(digits.begin(), digits.end(), out_);
      *out_++ = '\0';
      break;
  }
  return add_loss(Loss::Type::number, digits);
}

bool Reader::skip_value() {
  const char first = peek();
  if (first == '"') {
    std::string_view unused;
    return read_text(unused);
  }
  // What BSON cannot hold is no concern of what is skipped.
  const Numbers numbers = std::exchange(options_.numbers, Numbers::string);
  keeps_losses_ = false;
  bool is_valid = false;
  if (first == '{' || first == '[') {
    is_valid = read_plain_object();
  } else {
    reset_document();
    char* const type = out_++;
    *out_++ = '\0';  // its name
    Cursor cursor = enter(type);
    is_valid = read_plain_value(cursor);
    at_ = cursor.at;
  }
  options_.numbers = numbers;
  keeps_losses_ = true;
  return is_valid;
}

JsonReader::JsonReader() : reader_(std::make_unique<Reader>()) {}
JsonReader::~JsonReader() = default;

Result<Document> JsonReader::read(std::string_view padded_text, Arena& arena,
                                  const ParseOptions& options) {
  Reader& reader = *reader_;
  TRY(reader.start(padded_text, arena, options));
  if (reader.peek() != '{') {
    reader.fail_at(reader.next(), "expected an object");
    return reader.error();
  }
  if (!reader.read_plain_object() || !reader.expect_end()) {
    return reader.error();
  }
  return reader.take();
}

}  // namespace penstock::doc
