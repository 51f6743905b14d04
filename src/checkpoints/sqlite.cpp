#include "checkpoints/sqlite.h"

#include <fmt/core.h>

#include <map>

#include "base/file_name.h"
#include "base/sha256.h"
#include "base/system_log.h"
#include "core/order_key.h"

namespace penstock {

namespace {

// One statement, so that a reader without the lease sees one save and no half of the next.
constexpr const char* kLoad =
    "WITH state AS (SELECT * FROM states WHERE pipeline=?1 AND source=?2 AND saved_at IS NOT NULL)"
    "SELECT 0, epoch, saved_at, NULL FROM state "
    "UNION ALL SELECT 1, part, position, NULL FROM positions WHERE state=(SELECT id FROM state) "
    "UNION ALL SELECT 2, sink, key, text FROM quarantined WHERE state=(SELECT id FROM state)";

sqlite::Format format(const char* schema) {
  return {.noun = "checkpoint file",
          .application_id = 0x50534350,  // "PSCP"
          .version = 2,
          .schema = schema};
}

std::string shown(std::string_view source) {
  std::string text;
  append_printable(source, text);
  return text;
}

}  // namespace

const char* const SqliteCheckpoints::kSchema =
    "CREATE TABLE states(id INTEGER PRIMARY KEY, pipeline TEXT NOT NULL, source BLOB NOT NULL, "
    "epoch INTEGER NOT NULL, saved_at INTEGER, UNIQUE(pipeline, source));"
    "CREATE TABLE positions(state INTEGER NOT NULL, part BLOB NOT NULL, position BLOB NOT NULL, "
    "PRIMARY KEY(state, part)) WITHOUT ROWID;"
    "CREATE TABLE quarantined(state INTEGER NOT NULL, sink BLOB NOT NULL, key BLOB NOT NULL, "
    "text BLOB NOT NULL, PRIMARY KEY(state, sink, key)) WITHOUT ROWID";

Result<std::unique_ptr<CheckpointStore>> SqliteCheckpoints::make(Settings settings,
                                                                 const Context& context) {
  return std::unique_ptr<CheckpointStore>(new SqliteCheckpoints(std::move(settings), context));
}

SqliteCheckpoints::SqliteCheckpoints(Settings settings, const Context& context)
    : settings_(std::move(settings)),
      pipeline_(context.where.substr(0, context.where.find('/'))),
      source_(context.source_identity),
      where_(context.where),
      log_(context.log),
      files_(context.files),
      shared_(context.shared) {}

std::string SqliteCheckpoints::lock_path() const {
  constexpr size_t kSourceDigits = 32;
  return fmt::format("{}.{}.{}.lock", settings_.path, file_name_of(pipeline_),
                     sha256_hex(source_).substr(0, kSourceDigits));
}

// That of version 1, which knew one state for a name.
std::string SqliteCheckpoints::old_lock_path() const {
  return fmt::format("{}.{}.lock", settings_.path, file_name_of_version_1(pipeline_));
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
  TRY(database_, sqlite::Database::open(files_, {.path = settings_.path,
                                                 .format = format(kSchema),
                                                 .create = create,
                                                 .cache_kib = 128,
                                                 .shared = &shared_}));
  return true;
}

Result<bool> SqliteCheckpoints::has_table(std::string_view name) {
  TRY(sqlite::Statement find,
      database_->prepare("SELECT count(*) FROM sqlite_schema WHERE type='table' AND name=?1"));
  find.bind_text(1, name);
  TRY(const bool row, find.step());
  return row && find.integer(0) > 0;
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

Error SqliteCheckpoints::lost_lease() const {
  return {Error::Kind::fatal,
          fmt::format("checkpoint file {}: pipeline '{}' lost its lease: another process took it "
                      "over; nothing was saved",
                      settings_.path, pipeline_),
          std::nullopt};
}

Result<std::unique_ptr<FileLock>> SqliteCheckpoints::take_lock(const std::string& path) {
  Result<std::unique_ptr<FileLock>> lock = files_.lock(path);
  if (!lock && lock.error().kind == Error::Kind::transient) {
    return fail(Error::Kind::held,
                fmt::format("checkpoint file {}: another process runs pipeline '{}' (it holds {}); "
                            "stop it first",
                            settings_.path, pipeline_, path));
  }
  return lock;
}

Result<Lease> SqliteCheckpoints::lease(Stop stop) {
  if (lock_ == nullptr) {
    TRY(files_.make_folders(sqlite::folder_of(settings_.path)));
    TRY(lock_, take_lock(lock_path()));
  }
  TRY(open(true));
  TRY(take_over(stop));
  TRY(raise_epoch(stop));
  TRY(prepare());
  TRY(warn_of_other_sources());
  return Lease{.epoch = epoch_, .life = std::nullopt};
}

Result<> SqliteCheckpoints::raise_epoch(const Stop& stop) {
  TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(*database_, stop));
  TRY(sqlite::Statement raise,
      database_->prepare("INSERT INTO states(pipeline, source, epoch) VALUES(?1, ?2, 1) "
                         "ON CONFLICT DO UPDATE SET epoch=epoch+1 RETURNING id, epoch"));
  raise.bind_text(1, pipeline_);
  raise.bind_blob(2, source_);
  TRY(const bool row, raise.step());
  const int64_t state = row ? raise.integer(0) : 0;
  const uint64_t epoch = row ? static_cast<uint64_t>(raise.integer(1)) : 0;
  TRY(raise.run());
  TRY(transaction.commit());
  state_ = state;
  epoch_ = epoch;
  return {};
}

Result<> SqliteCheckpoints::prepare() {
  // What is as it was costs no write, so that a save may name more than what changed.
  TRY(statements_.save,
      database_->prepare("UPDATE states SET saved_at=?3 WHERE id=?1 AND epoch=?2"));
  TRY(statements_.put_key,
      database_->prepare("INSERT INTO quarantined(state, sink, key, text) VALUES(?1, ?2, ?3, ?4) "
                         "ON CONFLICT DO NOTHING"));
  TRY(statements_.put_position,
      database_->prepare("INSERT INTO positions(state, part, position) VALUES(?1, ?2, ?3) "
                         "ON CONFLICT DO UPDATE SET position=excluded.position "
                         "WHERE position<>excluded.position"));
  TRY(statements_.forget, database_->prepare("DELETE FROM positions WHERE state=?1 AND part=?2"));
  TRY(statements_.release,
      database_->prepare("DELETE FROM quarantined WHERE state=?1 AND sink=?2 AND key=?3"));
  return {};
}

Result<> SqliteCheckpoints::warn_of_other_sources() {
  TRY(sqlite::Statement others,
      database_->prepare(
          "SELECT source FROM states WHERE pipeline=?1 AND id<>?2 AND saved_at IS NOT NULL AND "
          "NOT EXISTS(SELECT 1 FROM states WHERE id=?2 AND saved_at IS NOT NULL) "
          "ORDER BY saved_at DESC LIMIT 1"));
  others.bind_text(1, pipeline_);
  others.bind(2, state_);
  TRY(const bool row, others.step());
  if (!row) {
    return {};
  }
  log_.warn(where_, fmt::format("checkpoint file {}: pipeline '{}' begins anew: nothing is saved "
                                "of its source ({}), only of another one ({}), which is kept; if "
                                "that is the same data, name the source as before",
                                settings_.path, pipeline_, shown(source_), shown(others.bytes(0))));
  others.reset();
  return {};
}

Result<std::optional<Checkpoint>> SqliteCheckpoints::load(Stop) {
  TRY(const bool there, open(false));
  if (!there) {
    return std::nullopt;
  }
  TRY(std::optional<Checkpoint> old, load_old());
  TRY(const bool current, has_table("states"));
  if (current) {
    TRY(std::optional<Checkpoint> checkpoint, load_state());
    if (checkpoint) {
      return checkpoint;
    }
  }
  if (old && (old->fingerprint.empty() || old->fingerprint == source_)) {
    return old;
  }
  return std::nullopt;
}

Result<std::optional<Checkpoint>> SqliteCheckpoints::load_state() {
  TRY(sqlite::Statement rows, database_->prepare(kLoad));
  rows.bind_text(1, pipeline_);
  rows.bind_blob(2, source_);
  std::optional<Checkpoint> checkpoint;
  while (true) {
    TRY(const bool row, rows.step());
    if (!row) {
      return checkpoint;
    }
    if (!checkpoint) {  // the state's own row is the first
      checkpoint.emplace();
      checkpoint->fingerprint = source_;
      checkpoint->epoch = static_cast<uint64_t>(rows.integer(1));
      checkpoint->at.micros = rows.integer(2);
    } else if (rows.integer(0) == 1) {
      checkpoint->positions.emplace(rows.bytes(1), rows.bytes(2));
    } else {
      Quarantined key{std::string(rows.bytes(1)), std::string(rows.bytes(2)),
                      std::string(rows.bytes(3))};
      if (!is_kept_key(key.key)) {
        return fatal(
            fmt::format("checkpoint file {}: pipeline '{}': a key in quarantine is "
                        "damaged; restore the file, or begin anew with `penstock "
                        "checkpoint reset`",
                        settings_.path, pipeline_));
      }
      checkpoint->quarantined.push_back(std::move(key));
    }
  }
}

Result<> SqliteCheckpoints::put(uint64_t epoch, const Changes& changes) {
  Statements& s = statements_;
  s.save.bind(1, state_);
  s.save.bind(2, static_cast<int64_t>(epoch));
  s.save.bind(3, changes.at.micros);
  TRY(s.save.run());
  if (database_->changes() != 1) {
    return std::unexpected(lost_lease());
  }
  for (const Quarantined& key : changes.quarantined) {
    s.put_key.bind(1, state_);
    s.put_key.bind_blob(2, key.sink);
    s.put_key.bind_blob(3, key.key);
    s.put_key.bind_blob(4, key.text);
    TRY(s.put_key.run());
  }
  for (const auto& [part, position] : changes.positions) {
    s.put_position.bind(1, state_);
    s.put_position.bind_blob(2, part);
    s.put_position.bind_blob(3, position);
    TRY(s.put_position.run());
  }
  for (const std::string& part : changes.forgotten) {
    s.forget.bind(1, state_);
    s.forget.bind_blob(2, part);
    TRY(s.forget.run());
  }
  for (const Quarantined& key : changes.released) {
    s.release.bind(1, state_);
    s.release.bind_blob(2, key.sink);
    s.release.bind_blob(3, key.key);
    TRY(s.release.run());
  }
  return {};
}

// I7: one transaction, conditional on the epoch of our lease.
Result<> SqliteCheckpoints::save(const Changes& changes, Stop stop) {
  TRY(check_leased());
  TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(*database_, stop));
  TRY(put(epoch_, changes));
  TRY(transaction.commit());
  return check_in_place();
}

Result<> SqliteCheckpoints::release(Stop) {
  lock_.reset();
  epoch_ = 0;
  return {};
}

Result<> SqliteCheckpoints::reset(Stop stop) {
  TRY(check_leased());
  TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(*database_, stop));
  TRY(put(epoch_, {}));  // fenced as a save is
  for (const char* const sql :
       {"DELETE FROM positions WHERE state=?1", "DELETE FROM quarantined WHERE state=?1",
        "UPDATE states SET saved_at=NULL WHERE id=?1"}) {
    TRY(sqlite::Statement forget, database_->prepare(sql));
    forget.bind(1, state_);
    TRY(forget.run());
  }
  TRY(const bool has_old, has_table("checkpoints"));
  if (has_old) {
    TRY(sqlite::Statement forget, database_->prepare("DELETE FROM checkpoints WHERE pipeline=?1"));
    forget.bind_text(1, pipeline_);
    TRY(forget.run());
  }
  TRY(transaction.commit());
  return check_in_place();
}

Result<> SqliteCheckpoints::check_leased() const {
  if (lock_ == nullptr || epoch_ == 0) {
    return fatal(fmt::format("checkpoint file {}: pipeline '{}' writes without its lease",
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
  std::map<std::string, std::vector<std::string>> sources;
  for (const auto& [table, sql] :
       {std::pair("states", "SELECT pipeline, source FROM states ORDER BY source"),
        std::pair("checkpoints", "SELECT pipeline, 'as version 1 kept it' FROM checkpoints")}) {
    TRY(const bool has, has_table(table));
    if (!has) {
      continue;
    }
    TRY(sqlite::Statement list, database_->prepare(sql));
    while (true) {
      TRY(const bool row, list.step());
      if (!row) {
        break;
      }
      sources[std::string(list.bytes(0))].push_back(shown(list.bytes(1)));
    }
  }
  for (const auto& [name, of] : sources) {
    for (const std::string& source : of) {
      names.push_back(of.size() == 1 ? name : fmt::format("{} ({})", name, source));
    }
  }
  return names;
}

}  // namespace penstock
