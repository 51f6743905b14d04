#include "codecs/dynamodb.h"

#include <fmt/core.h>

#include "config/numbers.h"
#include "doc/bson.h"
#include "doc/dynamodb_json.h"

namespace penstock::codecs {

namespace {

// DynamoDB Streams writes seconds, Kinesis Data Streams for DynamoDB milliseconds, or microseconds
// where it says so. Seconds stay below this number until the year 5138.
constexpr int64_t kSecondsMax = 100'000'000'000;

Timestamp created_at(const doc::ChangeRecord& record) {
  if (record.created_in_micros) {
    return {record.created};
  }
  const int64_t unit = record.created < kSecondsMax ? 1'000'000 : 1'000;
  int64_t micros = 0;
  if (__builtin_mul_overflow(record.created, unit, &micros)) {
    return {};
  }
  return {micros};
}

Document meta_of(const doc::ChangeRecord& record, Arena& arena) {
  doc::BsonWriter writer(arena);
  writer.string("region", record.region);
  if (!record.sequence_number.empty()) {
    writer.string("sequence_number", record.sequence_number);
  }
  writer.boolean("ttl_delete", record.is_ttl_delete);
  return writer.finish();
}

}  // namespace

void DynamoDbDecoder::Settings::fields(config::FieldVisitor& visitor) {
  config::numbers_field(visitor, numbers);
  visitor.field("meta", meta,
                {.doc = "Adds meta: {region, sequence_number, ttl_delete} to each event."});
}

Result<std::unique_ptr<Decoder>> DynamoDbDecoder::make(Settings settings,
                                                       const Context& /*context*/) {
  doc::ParseOptions options;
  options.numbers = config::numbers_of(settings.numbers);
  return std::make_unique<DynamoDbDecoder>(options, settings.meta);
}

Result<> DynamoDbDecoder::decode(Event& event, Arena& arena) const {
  thread_local doc::DynamoDbReader reader;
  TRY(const doc::ChangeRecord record, reader.read_change(event.raw, arena, options_));
  if (record.event_name == "INSERT") {
    event.op = Op::insert;
  } else if (record.event_name == "MODIFY") {
    event.op = Op::update;
  } else if (record.event_name == "REMOVE") {
    event.op = Op::remove;
  } else {
    return rejected(
        fmt::format("format dynamodb: unknown eventName \"{}\"", record.event_name.substr(0, 64)));
  }
  if (!record.keys) {
    return rejected("format dynamodb: the record has no Keys");
  }
  if (!record.event_id.empty()) {
    event.id = record.event_id;
  }
  if (!record.table.empty()) {
    event.stream = record.table;
  }
  event.key = record.keys;
  event.before = record.old_image;
  event.after = record.new_image;
  event.at = created_at(record);
  if (meta_) {
    event.meta = meta_of(record, arena);
  }
  return {};
}

}  // namespace penstock::codecs
