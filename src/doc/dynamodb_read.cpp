// DynamoDB JSON to documents.
#include "doc/base64.h"
#include "doc/dynamodb_json.h"
#include "doc/read_values.h"

namespace penstock::doc {

bool Reader::read_item() {
  if (peek() != '{') {
    return fail_at(next_, "expected an object");
  }
  return read_values<Wire::dynamodb>();
}

// The types that the loop leaves to us; next_ is at the content.
bool Reader::read_item_other(size_t type_at, const char* tag) {
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
  if (name.starts_with("B\"")) {
    return write_binary(type_at);
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
  for (const char* const known : {"BOOL\"", "NULL\"", "N\"", "M\"", "L\""}) {
    if (name.starts_with(known)) {
      return fail_at(next_, "a content that does not fit its DynamoDB type");
    }
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
  if (peek() != ']') {
    while (has_tokens()) {
      if (!read_set_value(type)) {
        return false;
      }
      if (peek() == ']') {
        break;
      }
      if (!expect(',', "expected a comma or the end of the set")) {
        return false;
      }
    }
  }
  ++next_;
  close_array();
  return has_tokens() || fail_at(next_, "");
}

bool Reader::read_set_value(Loss::Type type) {
  char* const at = out_.reserve(next_[1] - next_[0]);
  Cursor cursor{next_, at + 1, at, top_, text_, end_};
  write_index(cursor.out, top_->count++);
  bool is_read = false;
  if (type == Loss::Type::string_set) {
    is_read = read_string(cursor);
  } else if (type == Loss::Type::number_set && peek() == '"') {
    const char* const begin = text_ + next_[0] + 1;
    is_read = read_number(cursor, begin, last_quote(text_ + next_[1]), NumberGrammar::dynamodb);
  } else if (type == Loss::Type::binary_set) {
    const size_t type_at = leave(cursor);
    return write_binary(type_at);
  } else {
    return fail_at(next_, "a content that does not fit its DynamoDB type");
  }
  leave(cursor);
  return is_read;
}

bool Reader::write_binary(size_t type_at) {
  const uint32_t* const token = next_;
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
