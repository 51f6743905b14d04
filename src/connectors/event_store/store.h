// The event store's file: table events, the identity made with it, and the last sequence given.
// A Store is one connection; owned by one sink or reader; one thread at a time.
#pragma once

#include <memory>
#include <string>

#include "base/files.h"
#include "clients/sqlite/database.h"

namespace penstock::event_store {

struct Store {
  std::unique_ptr<sqlite::Database> database;
  std::string identity;  // 32 hex digits, made with the file

  struct Options {
    bool create = false;       // make the file when it is missing
    int64_t cache_kib = 256;   // of pages; a writer keeps the branches of its index there
    Shared* shared = nullptr;  // of a writer
  };
  static Result<Store> open(Files& files, const std::string& path, const Options& options);
};

struct Progress {
  std::string identity;
  int64_t last_sequence = 0;  // of the newest row ever stored; 0: none yet
};
Result<Progress> read_progress(sqlite::Database& database);

// Where a reader goes on: "1/<identity>/<sequence>", readable, as operators set it too.
struct StorePosition {
  std::string identity;
  int64_t sequence = 0;  // of the last row read
};
std::string encode(const StorePosition& position);
// `lost_position` for bytes that are none, or of a later version.
Result<StorePosition> decode_position(std::string_view bytes);

}  // namespace penstock::event_store
