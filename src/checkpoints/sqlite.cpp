#include "checkpoints/sqlite.h"

#include <fmt/core.h>

#include "base/file_name.h"

namespace penstock {

namespace {

sqlite::Format format() {
  return {.noun = "checkpoint file",
          .application_id = 0x50534350,  // "PSCP"
          .version = 1,
          .schema =
              "CREATE TABLE checkpoints(pipeline TEXT PRIMARY KEY NOT NULL, "
              "epoch INTEGER NOT NULL, checkpoint BLOB, saved_at TEXT) WITHOUT ROWID"};
}

}  // namespace

Result<std::unique_ptr<CheckpointStore>> SqliteCheckpoints::make(Settings settings,
                                                                 const Context& context) {
  const std::string pipeline = context.where.substr(0, context.where.find('/'));
  return std::unique_ptr<CheckpointStore>(
      new SqliteCheckpoints(std::move(settings), pipeline, context.source_identity, context.files));
}

std::string SqliteCheckpoints::lock_path() const {
  return fmt::format("{}.{}.lock", settings_.path, file_name_of(pipeline_));
}

Result<bool> SqliteCheckpoints::open(bool create) {
  if (database_ != nullptr) {
    TRY(check_in_place());
    return true;
  }
  if (!create) {
    TRY(const std::optional<FileInfo> info, files_.info(settings_.path));
    if (!info) {
      return false;
    }
  }
  TRY(std::unique_ptr<sqlite::Database> database,
      sqlite::Database::open(
          files_,
          {.path = settings_.path, .format = format(), .create = create, .cache_kib = 128}));
  TRY(load_, database->prepare("SELECT checkpoint FROM checkpoints WHERE pipeline=?1"));
  TRY(save_, database->prepare("UPDATE checkpoints SET checkpoint=?3, saved_at=?4 "
                               "WHERE pipeline=?1 AND epoch=?2"));
  database_ = std::move(database);
  return true;
}

Result<> SqliteCheckpoints::check_in_place() const {
  if (!database_->in_place()) {
    return fatal(
        fmt::format("checkpoint file {}: it was deleted or replaced while pipeline '{}' "
                    "uses it; put it back, or start the pipeline again",
                    settings_.path, pipeline_));
  }
  return {};
}

Result<Lease> SqliteCheckpoints::lease(Stop) {
  if (lock_ == nullptr) {
    TRY(files_.make_folders(sqlite::folder_of(settings_.path)));
    Result<std::unique_ptr<FileLock>> lock = files_.lock(lock_path());
    if (!lock && lock.error().kind == Error::Kind::transient) {
      return fail(Error::Kind::held,
                  fmt::format("checkpoint file {}: another process runs pipeline '{}' (it "
                              "holds {}); stop it first",
                              settings_.path, pipeline_, lock_path()));
    }
    if (!lock) {
      return std::unexpected(std::move(lock).error());
    }
    lock_ = *std::move(lock);
  }
  TRY(open(true));
  TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(*database_));
  TRY(sqlite::Statement raise,
      database_->prepare("INSERT INTO checkpoints(pipeline, epoch) VALUES(?1, 1) "
                         "ON CONFLICT(pipeline) DO UPDATE SET epoch=epoch+1 RETURNING epoch"));
  raise.bind_text(1, pipeline_);
  TRY(const bool row, raise.step());
  const uint64_t epoch = row ? static_cast<uint64_t>(raise.integer(0)) : 0;
  TRY(raise.run());
  TRY(transaction.commit());
  epoch_ = epoch;
  return Lease{.epoch = epoch_, .life = std::nullopt};
}

Result<std::optional<Checkpoint>> SqliteCheckpoints::load(Stop) {
  TRY(const bool there, open(false));
  if (!there) {
    return std::nullopt;
  }
  load_.bind_text(1, pipeline_);
  TRY(const bool row, load_.step());
  if (!row) {
    return std::nullopt;
  }
  if (load_.is_null(0)) {
    load_.reset();
    return std::nullopt;
  }
  Result<Checkpoint> checkpoint = decode_checkpoint(load_.bytes(0));
  load_.reset();
  if (!checkpoint) {
    return fail(checkpoint.error().kind,
                fmt::format("checkpoint file {}: pipeline '{}': {}", settings_.path, pipeline_,
                            checkpoint.error().what));
  }
  return *std::move(checkpoint);
}

// I7: one statement is one transaction, conditional on the epoch of our lease.
Result<> SqliteCheckpoints::save(const Changes& changes, Stop stop) {
  TRY(check_leased());
  TRY(std::optional<Checkpoint> checkpoint, load(std::move(stop)));
  Checkpoint fenced = std::move(checkpoint).value_or(Checkpoint{});
  apply(changes, fenced);
  fenced.fingerprint = source_;
  fenced.epoch = epoch_;
  const std::string blob = encode(fenced);
  const std::string at = to_iso8601(changes.at);
  save_.bind_text(1, pipeline_);
  save_.bind(2, static_cast<int64_t>(epoch_));
  save_.bind_blob(3, blob);
  save_.bind_text(4, at);
  return finish_write(save_);
}

Result<> SqliteCheckpoints::release(Stop) {
  lock_.reset();
  epoch_ = 0;
  return {};
}

Result<> SqliteCheckpoints::reset(Stop) {
  TRY(check_leased());
  TRY(sqlite::Statement forget, database_->prepare("UPDATE checkpoints SET checkpoint=NULL, "
                                                   "saved_at=NULL WHERE pipeline=?1 AND epoch=?2"));
  forget.bind_text(1, pipeline_);
  forget.bind(2, static_cast<int64_t>(epoch_));
  return finish_write(forget);
}

Result<> SqliteCheckpoints::check_leased() const {
  if (lock_ == nullptr || epoch_ == 0) {
    return fatal(fmt::format("checkpoint file {}: pipeline '{}' writes without its lease",
                             settings_.path, pipeline_));
  }
  return check_in_place();
}

Result<> SqliteCheckpoints::finish_write(sqlite::Statement& statement) {
  TRY(statement.run());
  if (database_->changes() != 1) {
    return fatal(
        fmt::format("checkpoint file {}: pipeline '{}' lost its lease: another process "
                    "took it over; nothing was saved",
                    settings_.path, pipeline_));
  }
  return check_in_place();
}

Result<std::vector<std::string>> SqliteCheckpoints::pipelines(Stop) {
  std::vector<std::string> names;
  TRY(const bool there, open(false));
  if (!there) {
    return names;
  }
  TRY(sqlite::Statement list,
      database_->prepare("SELECT pipeline FROM checkpoints ORDER BY pipeline"));
  while (true) {
    TRY(const bool row, list.step());
    if (!row) {
      return names;
    }
    names.emplace_back(list.bytes(0));
  }
}

}  // namespace penstock
