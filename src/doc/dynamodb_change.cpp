// Change records of Kinesis Data Streams for DynamoDB.
#include <algorithm>
#include <array>

#include "doc/dynamodb_json.h"
#include "doc/name_set.h"
#include "doc/reader.h"

namespace penstock::doc {

namespace {

// A name in zeros, to compare it with a text's eight bytes at a time.
struct FieldName {
  static constexpr size_t kSizeMax = 40;
  explicit consteval FieldName(std::string_view name) : size(name.size()) {
    std::copy(name.begin(), name.end(), bytes.begin());
  }
  // The text has kSizeMax readable bytes.
  [[gnu::always_inline]] bool is(std::string_view text) const {
    if (text.size() != size) {
      return false;
    }
    for (size_t at = 0; at < size; at += 8) {
      uint64_t mine = 0;
      uint64_t other = 0;
      std::memcpy(&mine, bytes.data() + at, sizeof mine);
      std::memcpy(&other, text.data() + at, sizeof other);
      const size_t left = size - at;
      const uint64_t unused = left < 8 ? ~uint64_t{0} << (8 * left) : 0;
      if (((mine ^ other) & ~unused) != 0) {
        return false;
      }
    }
    return true;
  }

  std::array<char, kSizeMax> bytes{};
  size_t size;
};

enum RecordField : size_t {
  aws_region,
  event_id,
  event_name,
  user_identity,
  record_format,
  table_name,
  change,
  event_source,
};
constexpr std::array<FieldName, 8> kRecordFields = {
    {FieldName("awsRegion"), FieldName("eventID"), FieldName("eventName"),
     FieldName("userIdentity"), FieldName("recordFormat"), FieldName("tableName"),
     FieldName("dynamodb"), FieldName("eventSource")}};

enum ChangeField : size_t {
  created,
  precision,
  keys,
  new_image,
  old_image,
  sequence_number,
  size_bytes,
  stream_view_type,
};
constexpr std::array<FieldName, 8> kChangeFields = {
    {FieldName("ApproximateCreationDateTime"), FieldName("ApproximateCreationDateTimePrecision"),
     FieldName("Keys"), FieldName("NewImage"), FieldName("OldImage"), FieldName("SequenceNumber"),
     FieldName("SizeBytes"), FieldName("StreamViewType")}};

enum IdentityField : size_t { identity_type, identity_principal };
constexpr std::array<FieldName, 2> kIdentityFields = {
    {FieldName("type"), FieldName("principalId")}};

// Records name their fields in the same order each time, so that the search goes on from the last.
template <size_t kCount>
size_t find_field(const std::array<FieldName, kCount>& fields, std::string_view name, size_t from) {
  for (size_t i = 0; i < kCount; ++i, ++from) {
    from = from == kCount ? 0 : from;
    if (fields[from].is(name)) {
      return from;
    }
  }
  return kCount;
}

// Reads the fields of an object one after the other: read_field(i) reads the value of the i-th of
// `fields`; all others are checked and skipped.
template <size_t kCount, class F>
bool read_fields(Reader& reader, const std::array<FieldName, kCount>& fields, F read_field) {
  if (!reader.expect('{', "expected an object")) {
    return false;
  }
  uint32_t seen = 0;
  size_t field = kCount - 1;
  NameSet others;
  bool is_last = reader.peek() == '}';
  while (!is_last) {
    const uint32_t* const token = reader.next();
    std::string_view name;
    if (!reader.has_tokens() || !reader.read_text(name) ||
        !reader.expect(':', "expected a colon")) {
      return reader.has_tokens() ? false : reader.fail_at(token, "expected a name and a colon");
    }
    const size_t found = find_field(fields, name, field + 1);
    const bool is_known = found < kCount;
    if (is_known ? (seen >> found & 1) != 0 : !others.add(name)) {
      return reader.fail_at(token, "a repeated name");
    }
    seen |= is_known ? uint32_t{1} << found : 0;
    field = is_known ? found : field;
    if (is_known ? !read_field(found) : !reader.skip_value()) {
      return false;
    }
    is_last = reader.peek() != ',';
    if (!is_last && !reader.expect(',', "")) {
      return false;
    }
  }
  const uint32_t* const token = reader.next();
  if (!reader.expect('}', "expected a comma or the end of the object")) {
    return false;
  }
  return others.is_unique() || reader.fail_at(token, "an object that repeats a name");
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
  reader.pass_token();
  return true;
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

bool read_precision(Reader& reader, ChangeRecord& record) {
  std::string_view text;
  if (!read_nullable_text(reader, text)) {
    return false;
  }
  record.created_in_micros = text == "MICROSECOND";
  return true;
}

bool read_change(Reader& reader, ChangeRecord& record) {
  return read_fields(reader, kChangeFields, [&](size_t field) {
    switch (field) {
      case keys:
        return read_image(reader, record.keys);
      case new_image:
        return read_image(reader, record.new_image);
      case old_image:
        return read_image(reader, record.old_image);
      case created:
        return read_integer(reader, record.created);
      case sequence_number:
        return read_nullable_text(reader, record.sequence_number);
      case precision:
        return read_precision(reader, record);
      default:
        return reader.skip_value();
    }
  });
}

bool read_identity(Reader& reader, ChangeRecord& record) {
  if (reader.peek() != '{') {
    return reader.skip_value();
  }
  std::string_view type;
  std::string_view principal;
  const bool is_read = read_fields(reader, kIdentityFields, [&](size_t field) {
    return read_nullable_text(reader, field == identity_type ? type : principal);
  });
  record.is_ttl_delete = type == "Service" && principal == "dynamodb.amazonaws.com";
  return is_read;
}

bool read_record(Reader& reader, ChangeRecord& record) {
  return read_fields(reader, kRecordFields, [&](size_t field) {
    switch (field) {
      case change:
        return read_change(reader, record);
      case event_id:
        return read_nullable_text(reader, record.event_id);
      case event_name:
        return read_nullable_text(reader, record.event_name);
      case table_name:
        return read_nullable_text(reader, record.table);
      case aws_region:
        return read_nullable_text(reader, record.region);
      case user_identity:
        return read_identity(reader, record);
      default:
        return reader.skip_value();
    }
  });
}

}  // namespace

Result<ChangeRecord> DynamoDbReader::read_change(std::string_view padded_text, Arena& arena,
                                                 const ParseOptions& options) {
  Reader& reader = state_->reader;
  TRY(reader.start(padded_text, arena, options));
  Result<ChangeRecord> record;
  if (!read_record(reader, *record)) {
    record = reader.error();
  } else if (!reader.at_end()) {
    reader.fail_at(reader.next(), "something behind the object");
    record = reader.error();
  }
  return record;
}

}  // namespace penstock::doc
