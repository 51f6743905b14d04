#include "connectors/event_store/store.h"

#include <fmt/core.h>

#include "core/position.h"

namespace penstock::event_store {

namespace {

constexpr uint32_t kPositionVersion = 1;
constexpr char kSeparator = '/';
constexpr size_t kIdentityDigits = 32;
constexpr int64_t kPageBytes = 16384;  // a quarter less work a record than with 8192

sqlite::Format format() {
  return {.noun = "event store",
          .application_id = 0x50534553,  // "PSES"
          .version = 1,
          .schema =
              "CREATE TABLE events(stream TEXT NOT NULL, sequence INTEGER PRIMARY KEY, "
              "id TEXT NOT NULL UNIQUE, at TEXT NOT NULL, type TEXT NOT NULL, "
              "data BLOB NOT NULL); "
              "CREATE TABLE store(identity TEXT NOT NULL, last_sequence INTEGER NOT NULL); "
              "INSERT INTO store VALUES(lower(hex(randomblob(16))), 0)"};
}

}  // namespace

Result<Store> Store::open(Files& files, const std::string& path, const Options& options) {
  Store store;
  TRY(store.database, sqlite::Database::open(files, {.path = path,
                                                     .format = format(),
                                                     .create = options.create,
                                                     .cache_kib = options.cache_kib,
                                                     .page_bytes = kPageBytes,
                                                     .shared = options.shared}));
  TRY(Progress progress, read_progress(*store.database));
  if (progress.identity.size() != kIdentityDigits) {
    return fatal(
        fmt::format("event store {}: it has no identity: it is damaged; restore a copy", path));
  }
  store.identity = std::move(progress.identity);
  return store;
}

Result<Progress> read_progress(sqlite::Database& database) {
  TRY(sqlite::Statement statement, database.prepare("SELECT identity, last_sequence FROM store"));
  TRY(const bool row, statement.step());
  if (!row) {
    return Progress{};
  }
  return Progress{.identity = std::string(statement.bytes(0)),
                  .last_sequence = statement.integer(1)};
}

std::string encode(const StorePosition& position) {
  PositionWriter writer(kPositionVersion, kSeparator);
  writer.text(position.identity);
  writer.number(position.sequence);
  return writer.finish();
}

Result<StorePosition> decode_position(std::string_view bytes) {
  PositionReader reader(bytes, kSeparator);
  StorePosition position;
  position.identity = reader.text();
  position.sequence = reader.number<int64_t>();
  if (reader.version() != kPositionVersion || !reader.complete() ||
      position.identity.size() != kIdentityDigits || position.sequence < 0) {
    return fail(Error::Kind::lost_position,
                "event store: the saved position is unreadable, or of a later Penstock; a position "
                "is 1/<the store's identity>/<the sequence of the last event read>");
  }
  return position;
}

}  // namespace penstock::event_store
