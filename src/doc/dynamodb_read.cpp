// DynamoDB JSON to documents.
#include "doc/base64.h"
#include "doc/dynamodb_json.h"
#include "doc/reader.h"

namespace penstock::doc {

bool Reader::read_item() {
  reset_document();
  element_name_ = 0;
  if (peek() != '{') {
    return fail_at(next_, "expected an object");
  }
  if (!open(Tag::document, 0)) {
    return false;
  }
  bool is_first = true;  // behind an opening bracket, where the closing one may follow
  for (;;) {
    if (!has_tokens()) [[unlikely]] {
      return fail_at(next_, "");
    }
    if (!is_first || peek() != (frames_.back().is_array ? ']' : '}')) {
      const size_t type_at = out_.size();
      const size_t depth = frames_.size();
      if (!write_element_name() || !read_item_value(type_at)) [[unlikely]] {
        return false;
      }
      if (frames_.size() > depth) {
        is_first = true;
        continue;
      }
    }
    if (!finish_values(true)) [[unlikely]] {
      return false;
    }
    if (frames_.empty()) {
      return true;
    }
    is_first = false;
  }
}

// {"S":"x"} and its kind. M and L stay open, all others are read up to their last bracket.
bool Reader::read_item_value(size_t type_at) {
  if (text_[next_[0]] != '{' || text_[next_[1]] != '"' || text_[next_[2]] != ':') [[unlikely]] {
    return fail_at(next_, "expected a DynamoDB value such as {\"S\":\"text\"}");
  }
  const char* const tag = text_ + next_[1] + 1;
  next_ += 3;
  if (tag[1] == '"') [[likely]] {
    if (tag[0] == 'M' && peek() == '{') {
      *out_.from(type_at) = static_cast<char>(Tag::document);
      return open(Tag::document, element_name_);
    }
    if (tag[0] == 'L' && peek() == '[') {
      *out_.from(type_at) = static_cast<char>(Tag::array);
      return open(Tag::array, element_name_);
    }
    if (!read_item_scalar(type_at, tag[0])) [[unlikely]] {
      return false;
    }
  } else if (!read_item_other(type_at)) [[unlikely]] {
    return false;
  }
  return expect('}', "a value with several types");
}

bool Reader::read_item_scalar(size_t type_at, char tag) {
  if (tag == 'S') {
    return write_string(type_at);
  }
  if (tag == 'N') {
    const char* begin = nullptr;
    const char* end = nullptr;
    if (!string_bounds(next_, begin, end) ||
        !write_number(type_at, begin, end, NumberGrammar::dynamodb)) [[unlikely]] {
      return false;
    }
    ++next_;
    return true;
  }
  if (tag == 'B') {
    return write_base64(type_at, next_);
  }
  if (tag == 'M' || tag == 'L') {
    return fail_at(next_, "expected an object in M or an array in L");
  }
  return fail_at(next_ - 2, "an unknown DynamoDB type");
}

bool Reader::read_item_other(size_t type_at) {
  const char* const tag = text_ + next_[-2] + 1;
  const std::string_view name(tag, 5);  // up to and with the quote; the padding is readable
  if (name.starts_with("SS\"")) {
    return read_set(type_at, Loss::Type::string_set);
  }
  if (name.starts_with("NS\"")) {
    return read_set(type_at, Loss::Type::number_set);
  }
  if (name.starts_with("BS\"")) {
    return read_set(type_at, Loss::Type::binary_set);
  }
  const char first = peek();
  if (name == "BOOL\"" && (first == 't' || first == 'f')) {
    return write_literal(type_at);
  }
  if (name == "NULL\"" && first == 't') {
    const size_t value = out_.size();
    if (!write_literal(type_at)) {
      return false;
    }
    out_.truncate(value);
    *out_.from(type_at) = static_cast<char>(Tag::null);
    return true;
  }
  if (name == "BOOL\"" || name == "NULL\"") {
    return fail_at(next_, "expected true (or, in BOOL, false)");
  }
  return fail_at(next_ - 2, "an unknown DynamoDB type");
}

bool Reader::read_set(size_t type_at, Loss::Type type) {
  if (peek() != '[') {
    return fail_at(next_, "expected an array in a set");
  }
  *out_.from(type_at) = static_cast<char>(Tag::array);
  add_loss(type, {});
  if (!open(Tag::array, element_name_)) {
    return false;
  }
  const size_t depth = frames_.size();
  if (peek() == ']') {
    ++next_;
    return close();
  }
  while (has_tokens()) {
    const size_t value_at = out_.size();
    if (!write_element_name() || !write_set_value(value_at, type)) {
      return false;
    }
    if (peek() == ']') {
      ++next_;
      return close();
    }
    if (frames_.size() != depth || !expect(',', "expected a comma or the end of the set")) {
      return false;
    }
  }
  return fail_at(next_, "");
}

bool Reader::write_set_value(size_t type_at, Loss::Type type) {
  if (type == Loss::Type::string_set) {
    return write_string(type_at);
  }
  return read_item_scalar(type_at, type == Loss::Type::number_set ? 'N' : 'B');
}

bool Reader::write_base64(size_t type_at, const uint32_t* token) {
  std::string_view text;
  if (!read_text(text)) {
    return false;
  }
  char* const to = out_.reserve(5 + text.size());
  *out_.from(type_at) = static_cast<char>(Tag::binary);
  const auto size = read_base64(text, to + 5);
  if (!size) {
    return fail_at(token, "expected base64");
  }
  const auto length = static_cast<uint32_t>(*size);
  std::memcpy(to, &length, sizeof length);
  to[4] = '\0';
  out_.advance_to(to + 5 + *size);
  return true;
}

DynamoDbReader::DynamoDbReader() : state_(std::make_unique<JsonReader::State>()) {}
DynamoDbReader::~DynamoDbReader() = default;

Result<Document> DynamoDbReader::read_item(std::string_view padded_text, Arena& arena,
                                           const ParseOptions& options) {
  Reader& reader = state_->reader;
  TRY(reader.start(padded_text, arena, options));
  if (!reader.read_item()) {
    return reader.error();
  }
  if (!reader.at_end()) {
    reader.fail_at(reader.next(), "something behind the object");
    return reader.error();
  }
  return reader.take();
}

}  // namespace penstock::doc
