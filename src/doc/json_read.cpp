// Plain JSON to documents.
#include <charconv>
#include <system_error>
#include <utility>

#include "doc/reader.h"

namespace penstock::doc {

bool Reader::read_plain_object() {
  reset_document();
  element_name_ = 0;
  if (peek() != '{' && peek() != '[') {
    return fail_at(next_, "expected an object");
  }
  if (!open(peek() == '{' ? Tag::document : Tag::array, 0)) {
    return false;
  }
  bool is_first = true;  // behind an opening bracket, where the closing one may follow
  for (;;) {
    if (!has_tokens()) {
      return fail_at(next_, "");
    }
    if (!is_first || peek() != (frames_.back().is_array ? ']' : '}')) {
      const size_t type_at = out_.size();
      const size_t depth = frames_.size();
      if (!write_element_name() || !write_plain_value(type_at)) [[unlikely]] {
        return false;
      }
      if (frames_.size() > depth) {
        is_first = true;
        continue;
      }
    }
    if (!finish_values(false)) [[unlikely]] {
      return false;
    }
    if (frames_.empty()) {
      return true;
    }
    is_first = false;
  }
}

bool Reader::write_plain_value(size_t type_at) {
  switch (peek()) {
    case '"':
      return write_string(type_at);
    case '{':
      *out_.from(type_at) = static_cast<char>(Tag::document);
      return open(Tag::document, element_name_);
    case '[':
      *out_.from(type_at) = static_cast<char>(Tag::array);
      return open(Tag::array, element_name_);
    case 't':
    case 'f':
    case 'n':
      return write_literal(type_at);
    default:
      if (!write_number(type_at, token_begin(next_), token_end(next_), NumberGrammar::json)) {
        return false;
      }
      ++next_;
      return true;
  }
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

bool Reader::write_number(size_t type_at, const char* at, const char* end, NumberGrammar grammar) {
  Number number;
  const NumberKind kind = parse_number(at, end, grammar, number);
  char* const to = out_.reserve(16);
  char* const type = out_.from(type_at);
  switch (kind) {
    case NumberKind::int32: {
      const auto value = static_cast<int32_t>(number.integer);
      *type = static_cast<char>(Tag::int32);
      std::memcpy(to, &value, sizeof value);
      out_.advance_to(to + sizeof value);
      return true;
    }
    case NumberKind::int64:
      *type = static_cast<char>(Tag::int64);
      std::memcpy(to, &number.integer, sizeof number.integer);
      out_.advance_to(to + sizeof number.integer);
      return true;
    case NumberKind::decimal128:
      *type = static_cast<char>(Tag::decimal128);
      std::memcpy(to, &number.decimal, sizeof number.decimal);
      out_.advance_to(to + sizeof number.decimal);
      return true;
    case NumberKind::inexact:
      return write_inexact(type_at, {at, static_cast<size_t>(end - at)});
    case NumberKind::invalid:
      break;
  }
  return fail_at(next_, "expected a value");
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

bool Reader::write_string(size_t type_at) {
  const char* begin = nullptr;
  const char* end = nullptr;
  if (!string_bounds(next_, begin, end)) [[unlikely]] {
    return false;
  }
  char* const to = out_.reserve(static_cast<size_t>(end - begin) + 5);
  *out_.from(type_at) = static_cast<char>(Tag::string);
  char* const to_end = copy_string(begin, end, to + 4);
  if (to_end == nullptr) [[unlikely]] {
    return fail_at(next_, "a string with a wrong escape");
  }
  const auto size = static_cast<uint32_t>(to_end - to) - 3;  // with the NUL
  std::memcpy(to, &size, sizeof size);
  *to_end = '\0';
  out_.advance_to(to_end + 1);
  ++next_;
  return true;
}

bool Reader::skip_value() {
  // A long number is no concern of what is skipped.
  const Numbers numbers = std::exchange(options_.numbers, Numbers::string);
  bool is_valid = false;
  if (peek() == '{' || peek() == '[') {
    is_valid = read_plain_object();
  } else {
    reset_document();
    char* const at = out_.reserve(2);
    at[0] = '\0';  // its type
    at[1] = '\0';  // its name
    out_.advance_to(at + 2);
    element_name_ = 1;
    is_valid = write_plain_value(0);
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
