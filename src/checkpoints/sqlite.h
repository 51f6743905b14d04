// SqliteCheckpoints: the state of one pipeline and source in an SQLite file that several pipelines,
// of one or of several processes, may share. The lease is an operating-system lock on a file beside
// it, free at once when the process dies; its epoch fences each save (I7). Owned by the pipeline;
// one thread at a time.
#pragma once

#include <memory>
#include <string>

#include "base/files.h"
#include "base/log.h"
#include "clients/sqlite/database.h"
#include "config/fields.h"
#include "core/checkpoint_store.h"
#include "core/context.h"

namespace penstock {

class SqliteCheckpoints final : public CheckpointStore {
 public:
  struct Settings {
    std::string path;
    void fields(config::FieldVisitor& v) {
      v.field("path", path,
              {.doc = "The file; made, with its folders, when it is missing.", .required = true});
    }
  };
  // The pipeline's name is context.where up to its '/'.
  static Result<std::unique_ptr<CheckpointStore>> make(Settings settings, const Context& context);

  // Where the name has a saved state of other sources only, a warning says so.
  Result<Lease> lease(Stop stop) override;
  Result<std::optional<Checkpoint>> load(Stop stop) override;  // needs no lease, makes no file
  Result<> save(const Changes& changes, Stop stop) override;
  Result<> release(Stop stop) override;
  Result<> reset(Stop stop) override;
  // A name that several sources have a state under stands there once for each, with the source.
  Result<std::vector<std::string>> pipelines(Stop stop) override;

 private:
  static const char* const kSchema;  // of version 2
  struct Statements {
    sqlite::Statement save, put_key, put_position, forget, release;
  };

  SqliteCheckpoints(Settings settings, const Context& context);
  Result<bool> open(bool create);  // false: there is no file, and none was to be made
  Result<> check_in_place() const;
  Result<> check_leased() const;
  Error lost_lease() const;
  std::string lock_path() const;
  std::string old_lock_path() const;

  Result<std::unique_ptr<FileLock>> take_lock(const std::string& path);
  Result<> take_over(const Stop& stop);    // what version 1 has of this pipeline, under its lock
  Result<> take_over_row();                // in a transaction
  Result<> raise_epoch(const Stop& stop);  // and finds the state, or makes it
  Result<> warn_of_other_sources();
  Result<bool> has_table(std::string_view name);
  Result<std::optional<Checkpoint>> load_old();  // of version 1, whatever its source
  Result<std::optional<Checkpoint>> load_state();
  Result<> prepare();
  Result<> put(uint64_t epoch, const Changes& changes);  // in a transaction

  Settings settings_;
  std::string pipeline_;
  std::string source_;
  std::string where_;
  Log& log_;
  Files& files_;
  Shared& shared_;
  std::unique_ptr<FileLock> lock_;  // the lease, while it lives
  int64_t state_ = 0;               // its row, under the lease
  uint64_t epoch_ = 0;
  std::unique_ptr<sqlite::Database> database_;  // before the statements, which die first
  Statements statements_;
};

}  // namespace penstock
