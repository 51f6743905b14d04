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
bool Reader::read_item_other(char* type, const char* tag) {
  const std::string_view name(tag, 5);  // up to and with the quote; the padding is readable
  if (name.starts_with("SS\"")) {
    return read_set(type, Loss::Type::string_set);
  }
  if (name.starts_with("NS\"")) {
    return read_set(type, Loss::Type::number_set);
  }
  if (name.starts_with("BS\"")) {
    return read_set(type, Loss::Type::binary_set);
  }
  if (name.starts_with("B\"")) {
    return write_binary(type);
  }
  const char first = peek();
  if (name == "BOOL\"" && (first == 't' || first == 'f')) {
    return write_literal(type);
  }
  if (name == "NULL\"" && first == 't') {
    char* const value = out_;
    if (!write_literal(type)) {
      return false;
    }
    out_ = value;
    *type = static_cast<char>(Tag::null);
    return true;
  }
  for (const char* const known : {"BOOL\"", "NULL\"", "N\"", "M\"", "L\""}) {
    if (name.starts_with(known)) {
      return fail_at(next_, "a content that does not fit its DynamoDB type");
    }
  }
  return fail_at(next_ - 2, "an unknown DynamoDB type");
}

bool Reader::read_set(char* type, Loss::Type loss) {
  if (peek() != '[') {
    return fail_at(next_, "expected an array in a set");
  }
  add_loss(loss, {});
  Cursor cursor = enter(type);
  if (!read_opening(cursor, Tag::array)) {
    return false;
  }
  leave(cursor);
  if (peek() != ']') {
    while (has_tokens()) {
      if (!read_set_value(loss)) {
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

bool Reader::read_set_value(Loss::Type loss) {
  char* const type = out_++;
  write_index(out_, top_->count++);
  Cursor cursor = enter(type);
  bool is_read = false;
  if (loss == Loss::Type::string_set) {
    is_read = read_string(cursor);
  } else if (loss == Loss::Type::number_set && peek() == '"') {
    is_read = read_item_number(cursor);
  } else if (loss == Loss::Type::binary_set) {
    leave(cursor);
    return write_binary(type);
  } else {
    return fail_at(next_, "a content that does not fit its DynamoDB type");
  }
  leave(cursor);
  return is_read;
}

bool Reader::write_binary(char* type) {
  const uint32_t* const token = next_;
  std::string_view text;
  if (!read_text(text)) {
    return false;
  }
  *type = static_cast<char>(Tag::binary);
  const auto size = read_base64(text, out_ + 5);
  if (!size) {
    return fail_at(token, "expected base64");
  }
  store(out_, static_cast<uint32_t>(*size));
  *out_++ = '\0';
  out_ += *size;
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
