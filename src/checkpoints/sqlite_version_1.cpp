// Version 1 had one table, checkpoints(pipeline, epoch, checkpoint, saved_at), with a blob that
// decode_checkpoint() reads. A file of version 1 keeps that table for the pipelines that no later
// Penstock ran yet: each row is taken over at the first lease of its pipeline.
#include "checkpoints/sqlite.h"

#include <fmt/core.h>

namespace penstock {

// An older Penstock that runs the pipeline opened the file before it was of version 2 and holds the
// lock of the name; one that starts later is refused by the file's version.
Result<> SqliteCheckpoints::take_over(const Stop& stop) {
  TRY(const bool current, has_table("states"));
  TRY(const bool has_old, has_table("checkpoints"));
  if (!has_old) {
    return {};
  }
  if (current) {
    TRY(sqlite::Statement find,
        database_->prepare("SELECT count(*) FROM checkpoints WHERE pipeline=?1"));
    find.bind_text(1, pipeline_);
    TRY(const bool row, find.step());
    if (!row || find.integer(0) == 0) {
      return {};
    }
  }
  TRY(const std::unique_ptr<FileLock> lock, take_lock(old_lock_path()));
  TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(*database_, stop));
  TRY(const bool made_meanwhile, has_table("states"));
  if (!made_meanwhile) {
    TRY(database_->execute(kSchema));
    TRY(database_->execute("PRAGMA user_version=2"));
  }
  TRY(take_over_row());
  return transaction.commit();
}

// A row that cannot be read stays: load() says so, and reset() forgets it.
Result<> SqliteCheckpoints::take_over_row() {
  TRY(sqlite::Statement find,
      database_->prepare("SELECT epoch, checkpoint FROM checkpoints WHERE pipeline=?1"));
  find.bind_text(1, pipeline_);
  TRY(const bool row, find.step());
  if (!row) {
    return {};
  }
  const int64_t epoch = find.integer(0);
  const bool never_saved = find.is_null(1);
  const Result<Checkpoint> decoded =
      never_saved ? Result<Checkpoint>(Checkpoint{}) : decode_checkpoint(find.bytes(1));
  find.reset();
  if (!decoded) {
    return {};
  }
  const std::string source = decoded->fingerprint.empty() ? source_ : decoded->fingerprint;
  TRY(sqlite::Statement add,
      database_->prepare("INSERT INTO states(pipeline, source, epoch) VALUES(?1, ?2, ?3) "
                         "ON CONFLICT DO NOTHING RETURNING id"));
  add.bind_text(1, pipeline_);
  add.bind_blob(2, source);
  add.bind(3, epoch);
  TRY(const bool added, add.step());
  if (added) {
    state_ = add.integer(0);
    TRY(add.run());
    if (!never_saved) {
      TRY(prepare());
      TRY(put(static_cast<uint64_t>(epoch),
              {.positions = {decoded->positions.begin(), decoded->positions.end()},
               .quarantined = decoded->quarantined,
               .forgotten = {},
               .released = {},
               .at = decoded->at}));
    }
  }
  TRY(sqlite::Statement taken, database_->prepare("DELETE FROM checkpoints WHERE pipeline=?1"));
  taken.bind_text(1, pipeline_);
  return taken.run();
}

Result<std::optional<Checkpoint>> SqliteCheckpoints::load_old() {
  TRY(const bool has_old, has_table("checkpoints"));
  if (!has_old) {
    return std::nullopt;
  }
  TRY(sqlite::Statement find,
      database_->prepare("SELECT checkpoint FROM checkpoints WHERE pipeline=?1"));
  find.bind_text(1, pipeline_);
  TRY(const bool row, find.step());
  if (!row || find.is_null(0)) {
    return std::nullopt;
  }
  Result<Checkpoint> checkpoint = decode_checkpoint(find.bytes(0));
  if (!checkpoint) {
    return fail(checkpoint.error().kind,
                fmt::format("checkpoint file {}: pipeline '{}': {}", settings_.path, pipeline_,
                            checkpoint.error().what));
  }
  return *std::move(checkpoint);
}

}  // namespace penstock
