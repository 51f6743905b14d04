// SqliteCheckpoints: one pipeline's checkpoint in an SQLite file that several pipelines, of one or
// of several processes, may share. The lease is an operating-system lock on a file beside it, free
// at once when the process dies; its epoch fences the save (I7). Owned by the pipeline; one thread
// at a time.
#pragma once

#include <memory>
#include <string>

#include "base/files.h"
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

  Result<Lease> lease(Stop stop) override;
  Result<std::optional<Checkpoint>> load(Stop stop) override;  // needs no lease, makes no file
  Result<> save(const Changes& changes, Stop stop) override;
  Result<> release(Stop stop) override;
  Result<> reset(Stop stop) override;
  Result<std::vector<std::string>> pipelines(Stop stop) override;

 private:
  SqliteCheckpoints(Settings settings, std::string pipeline, std::string source, Files& files)
      : settings_(std::move(settings)),
        pipeline_(std::move(pipeline)),
        source_(std::move(source)),
        files_(files) {}
  Result<bool> open(bool create);  // false: there is no file, and none was to be made
  Result<> check_in_place() const;
  Result<> check_leased() const;
  Result<> finish_write(sqlite::Statement& statement);
  std::string lock_path() const;

  Settings settings_;
  std::string pipeline_;
  std::string source_;
  Files& files_;
  std::unique_ptr<FileLock> lock_;  // the lease, while it lives
  uint64_t epoch_ = 0;
  std::unique_ptr<sqlite::Database> database_;  // before the statements, which die first
  sqlite::Statement load_;
  sqlite::Statement save_;
};

}  // namespace penstock
