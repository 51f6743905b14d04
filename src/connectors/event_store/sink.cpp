#include "connectors/event_store/sink.h"

#include <fmt/core.h>

#include "core/order_key.h"
#include "core/rejected_keys.h"
#include "doc/bson.h"
#include "doc/json.h"

namespace penstock::event_store {

namespace {

// The event's own type where it has one (CloudEvents), else what happened.
std::string_view type_of(const Event& event) {
  if (event.meta) {
    const std::optional<doc::Element> type = doc::find(event.meta, "type");
    if (type && type->type == doc::Type::string && !type->as_string().empty()) {
      return type->as_string();
    }
  }
  return name_of(event.op);
}

}  // namespace

Result<std::unique_ptr<Sink>> EventStoreSink::make(Settings settings, const Context& context) {
  return std::unique_ptr<Sink>(new EventStoreSink(std::move(settings), context));
}

SinkTraits EventStoreSink::traits() const {
  return {.events_max = 2000,
          .bytes_max = size_t{8} << 20,
          .lanes = 1,
          .lanes_max = 1,
          .writes_in_order = true};
}

Result<OrderKey> EventStoreSink::order_key(const Event& event) const {
  return event.order_key.is_zero() ? order_key_of_name(hash_key_, event.stream) : event.order_key;
}

Result<> EventStoreSink::open(const Resume&, Stop) {
  TRY(Store store,
      Store::open(files_, settings_.path, {.create = true, .cache_kib = 4096, .shared = &shared_}));
  sqlite::Database& database = *store.database;
  TRY(insert_, database.prepare("INSERT INTO events(stream, sequence, id, at, type, data) "
                                "VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(id) DO NOTHING"));
  TRY(find_, database.prepare("SELECT stream, data, sequence FROM events WHERE id=?1"));
  TRY(last_, database.prepare("SELECT last_sequence FROM store"));
  TRY(advance_, database.prepare("UPDATE store SET last_sequence=?1"));
  store_ = std::move(store);
  return {};
}

Result<> EventStoreSink::check_in_place() const {
  if (!store_.database->in_place()) {
    return fatal(
        fmt::format("event store {}: it was deleted or replaced while it is written to; "
                    "put it back, or start the pipeline again to go on with what is there",
                    settings_.path));
  }
  return {};
}

Result<std::vector<Failure>> EventStoreSink::write(const Batch& batch, Stop stop) {
  TRY(check_in_place());
  std::vector<Failure> failures;
  TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(*store_.database, stop));
  TRY(const bool row, last_.step());
  const int64_t before = row ? last_.integer(0) : 0;
  last_.reset();
  int64_t sequence = before;
  RejectedKeys rejected_keys;
  for (uint32_t i = 0; i < batch.events.size(); ++i) {
    const Event& event = *batch.events[i];
    if (rejected_keys.hold_back(event, i, failures)) {
      continue;
    }
    Result<bool> inserted = insert(event, sequence + 1);
    if (!inserted) {
      TRY(rejected_keys.note(std::unexpected(std::move(inserted).error()), event, i, failures));
    } else if (*inserted) {
      ++sequence;
    } else {
      TRY(rejected_keys.note(check_repeat(event), event, i, failures));
    }
  }
  if (sequence != before) {
    advance_.bind(1, sequence);
    TRY(advance_.run());
    TRY(transaction.commit());
  }
  // What was written into a file that is gone is not stored (I1).
  TRY(check_in_place());
  return failures;
}

Result<bool> EventStoreSink::insert(const Event& event, int64_t sequence) {
  if (event.id.empty()) {
    return rejected(fmt::format("event store {}: the event has no id", settings_.path));
  }
  at_.clear();
  append_iso8601(event.at, at_);
  insert_.bind_text(1, event.stream);
  insert_.bind(2, sequence);
  insert_.bind_text(3, event.id);
  insert_.bind_text(4, at_);
  insert_.bind_text(5, type_of(event));
  insert_.bind_blob(6, data_of(event));
  TRY(insert_.run());
  return store_.database->changes() == 1;
}

Result<> EventStoreSink::check_repeat(const Event& event) {
  find_.bind_text(1, event.id);
  TRY(const bool row, find_.step());
  if (row && find_.bytes(0) == event.stream && find_.bytes(1) == data_of(event)) {
    find_.reset();
    return {};
  }
  const int64_t sequence = row ? find_.integer(2) : 0;
  find_.reset();
  return rejected(
      fmt::format("event store {}: id {} is stored already, with another stream or "
                  "other data, at sequence {}; an id stands for one event",
                  settings_.path, event.id, sequence));
}

// The bytes as they came; else the JSON of the newest image there is, or at least of the key.
std::string_view EventStoreSink::data_of(const Event& event) {
  if (event.has_raw) {
    return event.raw;
  }
  json_.clear();
  if (const Document& document = event.after ? event.after : event.key) {
    doc::append_json(document, json_);
  }
  return json_;
}

}  // namespace penstock::event_store
