// DynamoDB JSON to documents.
#include "base/base64.h"
#include "doc/dynamodb_json.h"
#include "doc/read_values.h"

namespace penstock::doc {

bool Reader::read_item() {
  if (peek() != '{') {
    return fail_at(at_, "expected an object");
  }
  return read_values<Wire::dynamodb>();
}

// A value that the loop leaves to us: all but its last bracket, or up to the first value of an M or
// L.
bool Reader::read_item_other(char* type) {
  constexpr const char* kExpected = "expected a DynamoDB value such as {\"S\":\"text\"}";
  if (!expect('{', kExpected)) {
    return false;
  }
  const char* const tag = next() + 1;
  if (peek() != '"') {
    return fail_at(at_, kExpected);
  }
  const StringEnd found = find_string_end(tag, end_);
  if (found.quote == nullptr) {
    return fail_at(at_, string_fault(tag, end_));
  }
  at_ = found.quote + 1;
  if (!expect(':', "expected a colon")) {
    return false;
  }
  return read_item_content(type, {tag, found.quote});
}

bool Reader::read_item_content(char* type, std::string_view tag) {
  const char first = peek();
  Cursor cursor = enter(type);
  bool is_read = false;
  if (tag == "S" && first == '"') {
    ++cursor.at;
    is_read = read_string(cursor);
  } else if (tag == "N" && first == '"') {
    ++cursor.at;
    is_read = read_item_number(cursor);
  } else if (tag == "M" && first == '{') {
    is_read = read_opening(cursor, Type::document);
  } else if (tag == "L" && first == '[') {
    is_read = read_opening(cursor, Type::array);
  } else if (tag == "BOOL" && read_bool(cursor, at_)) {
    is_read = true;
  } else {
    return read_rare_content(type, tag);
  }
  if (is_read) {
    leave(cursor);
  }
  return is_read;
}

bool Reader::read_rare_content(char* type, std::string_view tag) {
  if (tag == "SS") {
    return read_set(type, Loss::Type::string_set);
  }
  if (tag == "NS") {
    return read_set(type, Loss::Type::number_set);
  }
  if (tag == "BS") {
    return read_set(type, Loss::Type::binary_set);
  }
  if (tag == "B") {
    return write_binary(type);
  }
  if (tag == "NULL" && std::memcmp(at_, "true", 4) == 0) {
    *type = static_cast<char>(Type::null);
    at_ += 4;
    return true;
  }
  for (const std::string_view known : {"S", "N", "BOOL", "NULL", "M", "L"}) {
    if (tag == known) {
      return fail_at(at_, "a content that does not fit its DynamoDB type");
    }
  }
  return fail_at(tag.data() - 1, "an unknown DynamoDB type");
}

bool Reader::read_set(char* type, Loss::Type loss) {
  if (peek() != '[') {
    return fail_at(at_, "expected an array in a set");
  }
  if (!add_loss(loss, {})) {
    return false;
  }
  Cursor cursor = enter(type);
  if (!read_opening(cursor, Type::array)) {
    return false;
  }
  leave(cursor);
  if (peek() != ']') {
    for (;;) {
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
  ++at_;
  close_array();
  return true;
}

bool Reader::read_set_value(Loss::Type loss) {
  if (peek() != '"') {
    return fail_at(at_, "a content that does not fit its DynamoDB type");
  }
  char* const type = out_++;
  write_index(out_, top_->count++);
  if (loss == Loss::Type::binary_set) {
    return write_binary(type);
  }
  Cursor cursor = enter(type);
  ++cursor.at;
  const bool is_read =
      loss == Loss::Type::string_set ? read_string(cursor) : read_item_number(cursor);
  if (is_read) {
    leave(cursor);
  }
  return is_read;
}

bool Reader::write_binary(char* type) {
  const char* const token = next();
  std::string_view text;
  if (!read_text(text)) {
    return false;
  }
  *type = static_cast<char>(Type::binary);
  const auto size = read_base64(text, out_ + 5);
  if (!size) {
    return fail_at(token, "expected base64");
  }
  store(out_, static_cast<uint32_t>(*size));
  *out_++ = '\0';
  out_ += *size;
  return true;
}

DynamoDbReader::DynamoDbReader() : reader_(std::make_unique<Reader>()) {}
DynamoDbReader::~DynamoDbReader() = default;

Result<Document> DynamoDbReader::read_item(std::string_view padded_text, Arena& arena,
                                           const ParseOptions& options) {
  Reader& reader = *reader_;
  TRY(reader.start(padded_text, arena, options));
  if (!reader.read_item() || !reader.expect_end()) {
    return reader.error();
  }
  return reader.take();
}

}  // namespace penstock::doc
