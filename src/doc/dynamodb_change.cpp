// Change records of Kinesis Data Streams for DynamoDB.
#include <array>

#include "doc/dynamodb_json.h"
#include "doc/reader.h"

namespace penstock::doc {

namespace {

// Reads the fields of an object one after the other; F(name) reads the value or skips it.
template <class F>
bool read_fields(Reader& reader, F read_field) {
  if (!reader.expect('{', "expected an object")) {
    return false;
  }
  reader.names().open();
  if (reader.peek() != '}') {
    for (;;) {
      std::string_view name;
      if (!reader.has_tokens() || !reader.read_name(name) || !read_field(name)) {
        return reader.has_tokens() ? false : reader.fail_at(reader.next(), "");
      }
      if (reader.peek() != ',') {
        break;
      }
      reader.expect(',', "");
    }
  }
  const uint32_t* const token = reader.next();
  if (!reader.expect('}', "expected a comma or the end of the object")) {
    return false;
  }
  return reader.names().close() || reader.fail_at(token, "an object that repeats a name");
}

bool read_nullable_text(Reader& reader, std::string_view& out) {
  return reader.peek() == '"' ? reader.read_text(out) : reader.skip_value();
}

bool read_integer(Reader& reader, int64_t& out) {
  const uint32_t* const token = reader.next();
  Number number;
  const NumberKind kind =
      parse_number(reader.token_begin(token), reader.token_end(token), NumberGrammar::json, number);
  if (kind != NumberKind::int32 && kind != NumberKind::int64) {
    return reader.fail_at(token, "ApproximateCreationDateTime is no whole number");
  }
  out = number.integer;
  return reader.skip_value();
}

bool read_image(Reader& reader, Document& out) {
  if (reader.peek() == 'n') {
    return reader.skip_value();  // null: no such image
  }
  if (!reader.read_item()) {
    return false;
  }
  out = reader.take();
  return true;
}

bool read_change_field(Reader& reader, std::string_view name, ChangeRecord& record) {
  if (name == "Keys") {
    return read_image(reader, record.keys);
  }
  if (name == "NewImage") {
    return read_image(reader, record.new_image);
  }
  if (name == "OldImage") {
    return read_image(reader, record.old_image);
  }
  if (name == "ApproximateCreationDateTime") {
    return read_integer(reader, record.created);
  }
  if (name == "SequenceNumber") {
    return read_nullable_text(reader, record.sequence_number);
  }
  if (name == "ApproximateCreationDateTimePrecision") {
    std::string_view precision;
    if (!read_nullable_text(reader, precision)) {
      return false;
    }
    record.created_in_micros = precision == "MICROSECOND";
    return true;
  }
  return reader.skip_value();
}

bool read_identity(Reader& reader, ChangeRecord& record) {
  if (reader.peek() != '{') {
    return reader.skip_value();
  }
  std::string_view type;
  std::string_view principal;
  const bool is_read = read_fields(reader, [&](std::string_view name) {
    if (name == "type" || name == "Type") {
      return read_nullable_text(reader, type);
    }
    if (name == "principalId" || name == "PrincipalId") {
      return read_nullable_text(reader, principal);
    }
    return reader.skip_value();
  });
  record.is_ttl_delete = type == "Service" && principal == "dynamodb.amazonaws.com";
  return is_read;
}

bool read_record_field(Reader& reader, std::string_view name, ChangeRecord& record) {
  if (name == "dynamodb") {
    return read_fields(
        reader, [&](std::string_view field) { return read_change_field(reader, field, record); });
  }
  if (name == "eventID") {
    return read_nullable_text(reader, record.event_id);
  }
  if (name == "eventName") {
    return read_nullable_text(reader, record.event_name);
  }
  if (name == "tableName") {
    return read_nullable_text(reader, record.table);
  }
  if (name == "awsRegion") {
    return read_nullable_text(reader, record.region);
  }
  if (name == "userIdentity") {
    return read_identity(reader, record);
  }
  return reader.skip_value();
}

}  // namespace

Result<ChangeRecord> DynamoDbReader::read_change(std::string_view padded_text, Arena& arena,
                                                 const ParseOptions& options) {
  Reader& reader = state_->reader;
  TRY(reader.start(padded_text, arena, options));
  ChangeRecord record;
  const bool is_read = read_fields(
      reader, [&](std::string_view name) { return read_record_field(reader, name, record); });
  if (!is_read) {
    return reader.error();
  }
  if (!reader.at_end()) {
    reader.fail_at(reader.next(), "something behind the object");
    return reader.error();
  }
  return record;
}

}  // namespace penstock::doc
