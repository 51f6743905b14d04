// Change records of Kinesis Data Streams for DynamoDB.
#include <array>
#include <bit>

#include "doc/dynamodb_json.h"
#include "doc/name_set.h"
#include "doc/number_read.h"
#include "doc/reader.h"

namespace penstock::doc {

namespace {

// A name and the quote behind it, to compare it with a text eight bytes at a time.
struct FieldName {
  static constexpr size_t kWordsMax = 5;
  explicit consteval FieldName(std::string_view field)
      : name(field), words_used(field.size() / 8 + 1) {
    for (size_t i = 0; i <= field.size(); ++i) {
      const char c = i < field.size() ? field[i] : '"';
      words[i / 8] |= uint64_t{static_cast<uint8_t>(c)} << (8 * (i % 8));
      masks[i / 8] |= uint64_t{0xFF} << (8 * (i % 8));
    }
  }
  // `text` is behind a string's first quote; 8 * kWordsMax bytes of it can be read.
  [[gnu::always_inline]] bool begins(const char* text) const {
    for (size_t i = 0; i < words_used; ++i) {
      uint64_t other = 0;
      std::memcpy(&other, text + 8 * i, sizeof other);
      if ((other & masks[i]) != words[i]) {
        return false;
      }
    }
    return true;
  }

  std::string_view name;
  size_t words_used;
  std::array<uint64_t, kWordsMax> words{};
  std::array<uint64_t, kWordsMax> masks{};
};
static_assert(std::endian::native == std::endian::little);
static_assert(1 + 8 * FieldName::kWordsMax <= Arena::kPadding);

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
[[gnu::always_inline]] inline size_t find_field(const std::array<FieldName, kCount>& fields,
                                                const char* text, size_t from) {
  for (size_t i = 0; i < kCount; ++i, ++from) {
    from = from == kCount ? 0 : from;
    if (fields[from].begins(text)) {
      return from;
    }
  }
  return kCount;
}

// A name that find_field() did not find: it may be one of `fields` all the same, with escapes.
template <size_t kCount>
bool read_other_name(Reader& reader, const std::array<FieldName, kCount>& fields, size_t& found,
                     NameSet& others) {
  const char* const token = reader.next();
  std::string_view name;
  if (reader.peek() != '"') {
    return reader.fail_at(token, "expected a name and a colon");
  }
  if (!reader.read_text(name)) {
    return false;
  }
  found = 0;
  while (found < kCount && fields[found].name != name) {
    ++found;
  }
  return found < kCount || others.add(name) || reader.fail_at(token, "a repeated name");
}

// Reads the fields of an object one after the other: read_field(i) reads the value of the i-th of
// `fields`; all others are checked and skipped.
template <size_t kCount, class F>
[[gnu::always_inline]] inline bool read_fields(Reader& reader,
                                               const std::array<FieldName, kCount>& fields,
                                               F read_field) {
  if (!reader.expect('{', "expected an object")) {
    return false;
  }
  uint32_t seen = 0;
  size_t field = kCount - 1;
  NameSet others;
  bool is_last = reader.peek() == '}';
  while (!is_last) {
    const char* const token = reader.next();
    size_t found = *token == '"' ? find_field(fields, token + 1, field + 1) : kCount;
    if (found < kCount) [[likely]] {
      reader.advance_to(token + fields[found].name.size() + 2);
    } else if (!read_other_name(reader, fields, found, others)) {
      return false;
    }
    if (!reader.expect(':', "expected a colon")) {
      return false;
    }
    if (found < kCount) {
      if ((seen >> found & 1) != 0) {
        return reader.fail_at(token, "a repeated name");
      }
      seen |= uint32_t{1} << found;
      field = found;
    }
    if (found < kCount ? !read_field(found) : !reader.skip_value()) {
      return false;
    }
    is_last = !reader.accept(',');
  }
  const char* const token = reader.next();
  if (!reader.expect('}', "expected a comma or the end of the object")) {
    return false;
  }
  return others.is_unique() || reader.fail_at(token, "an object that repeats a name");
}

bool read_nullable_text(Reader& reader, std::string_view& out) {
  return reader.peek() == '"' ? reader.read_text(out) : reader.skip_value();
}

bool read_integer(Reader& reader, int64_t& out) {
  const char* const begin = reader.next();
  const char* const end = find_end_of_word(begin, reader.end());
  Number number;
  NumberKind kind = parse_short_number(begin, end, NumberGrammar::json, number);
  if (kind == NumberKind::invalid) {
    kind = parse_number(begin, end, NumberGrammar::json, number);
  }
  if (kind != NumberKind::int32 && kind != NumberKind::int64) {
    return reader.fail_at(begin, "ApproximateCreationDateTime is no whole number");
  }
  out = number.integer;
  reader.advance_to(end);
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
  Reader& reader = *reader_;
  TRY(reader.start(padded_text, arena, options));
  Result<ChangeRecord> record;
  if (!read_record(reader, *record) || !reader.expect_end()) {
    record = reader.error();
  }
  return record;
}

}  // namespace penstock::doc
