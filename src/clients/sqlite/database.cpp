#include "clients/sqlite/database.h"

#include <fmt/core.h>
#include <sqlite3.h>

#include <cerrno>
#include <utility>

#include "base/random.h"

namespace penstock::sqlite {

namespace {

// Longer than any of our transactions, shorter than the second after which a stop must be heard.
constexpr int kBusyMillis = 700;

// Before the first connection: no statistics, which would take a lock at each allocation.
int configure() {
  static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  return configured;
}

std::string name_of_path(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

std::string temporary_prefix(const std::string& path) {
  return "." + name_of_path(path) + ".";
}

// What a crash left while it made the file. Only once the file is there, so that nobody who makes
// it at this moment can lose to us what he needs.
Result<> remove_leftovers(Files& files, const std::string& path) {
  const std::string folder = folder_of(path);
  const std::string prefix = temporary_prefix(path);
  TRY(const std::vector<std::string> names, files.list(folder));
  for (const std::string& name : names) {
    if (name.starts_with(prefix) && name.find(".new") != std::string::npos) {
      TRY(files.remove(folder + "/" + name));
    }
  }
  return {};
}

bool is_disk_full(int code, int system_errno) {
  if (code == SQLITE_FULL) {
    return true;
  }
  return (code & 0xff) == SQLITE_IOERR && (system_errno == ENOSPC || system_errno == EDQUOT);
}

}  // namespace

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) {
    return ".";
  }
  return slash == 0 ? "/" : path.substr(0, slash);
}

Error Database::error(int code, std::string_view detail) const {
  const int extended = handle_ == nullptr ? code : sqlite3_extended_errcode(handle_);
  const int system_errno = handle_ == nullptr ? 0 : sqlite3_system_errno(handle_);
  const std::string where =
      fmt::format("{} {}: {}: {} (SQLite {})", options_.format.noun, options_.path, detail,
                  handle_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle_), extended);
  const auto made = [&](Error::Kind kind, std::string_view advice) {
    return Error{kind, where + "; " + std::string(advice), std::nullopt};
  };
  if (is_disk_full(code, system_errno)) {
    return made(Error::Kind::transient, "the disk is full: free space and it goes on");
  }
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return made(Error::Kind::transient, "another process is writing to it");
    case SQLITE_NOMEM:
      return made(Error::Kind::transient, "the machine is out of memory");
    case SQLITE_TOOBIG:
      return made(Error::Kind::rejected, "the value is larger than SQLite can hold");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return made(Error::Kind::fatal,
                  "the file is damaged: restore a copy, or move it away to start a new one");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return made(Error::Kind::fatal, "the file and its folder must be writable");
    case SQLITE_CANTOPEN:
      return made(Error::Kind::fatal,
                  "check that the folder exists and that this user may write to it");
    default:
      return made(Error::Kind::fatal, "check the disk and the file");
  }
}

Result<std::unique_ptr<Database>> Database::connect(const OpenOptions& options, int flags) {
  configure();
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(options.path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<Database> database(new Database(options, handle));
  if (code != SQLITE_OK) {
    return std::unexpected(database->error(code, "open"));
  }
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyMillis);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return database;
}

Result<std::unique_ptr<Database>> Database::open(Files& files, OpenOptions options) {
  TRY(std::optional<FileInfo> info, files.info(options.path));
  if (!info && options.create) {
    TRY(make_file(files, options));
    TRY(info, files.info(options.path));
  }
  if (!info) {
    return fatal(fmt::format("{} {}: there is no such file", options.format.noun, options.path));
  }
  if (!info->is_regular || info->size == 0) {
    return fatal(fmt::format("{} {}: it is {}; move it away to start a new one",
                             options.format.noun, options.path,
                             info->is_regular ? "empty" : "no regular file"));
  }
  if (options.create) {
    TRY(remove_leftovers(files, options.path));
  }
  TRY(std::unique_ptr<Database> database, connect(options, SQLITE_OPEN_READWRITE));
  if (sqlite3_db_readonly(database->handle_, "main") == 1) {
    return fatal(fmt::format("{} {}: it is read-only; this user must be able to write to it",
                             options.format.noun, options.path));
  }
  TRY(database->check_format());
  TRY(database->execute("PRAGMA synchronous=FULL"));
  TRY(database->execute(fmt::format("PRAGMA cache_size=-{}", options.cache_kib).c_str()));
  if (options.shared != nullptr) {
    // By what the file is, because a path can be written in several ways.
    const auto make = []() -> Result<std::unique_ptr<Turns>> { return std::make_unique<Turns>(); };
    TRY(database->turns_,
        options.shared->get<Turns>(fmt::format("{}/{}", info->device, info->inode), {}, make));
  }
  return database;
}

Result<> Database::check_format() {
  const auto read = [this](const char* sql) -> Result<int64_t> {
    TRY(Statement statement, prepare(sql));
    TRY(const bool row, statement.step());
    return row ? statement.integer(0) : 0;
  };
  TRY(const int64_t kind, read("PRAGMA application_id"));
  TRY(const int64_t version, read("PRAGMA user_version"));
  const Format& format = options_.format;
  if (kind != format.application_id) {
    return fatal(fmt::format("{} {}: it is an SQLite file of another kind; give another path",
                             format.noun, options_.path));
  }
  if (version > format.version) {
    return fatal(
        fmt::format("{} {}: it has version {}, and this Penstock reads versions up to {}; "
                    "run the Penstock that wrote it, or a later one",
                    format.noun, options_.path, version, format.version));
  }
  if (version < 1) {
    return fatal(fmt::format("{} {}: it has no version: it is damaged; restore a copy", format.noun,
                             options_.path));
  }
  return {};
}

// A new file gets its name only when it is whole.
Result<> Database::make_file(Files& files, const OpenOptions& options) {
  const std::string folder = folder_of(options.path);
  TRY(files.make_folders(folder));
  const std::string temporary =
      fmt::format("{}/{}{:016x}.new", folder, temporary_prefix(options.path), random_seed());
  Result<bool> named = false;
  if (Result<> filled = fill_file(options, temporary); !filled) {
    named = std::unexpected(std::move(filled).error());
  } else {
    named = files.rename_new(temporary, options.path);
  }
  if (!named || !*named) {
    TRY(files.remove(temporary));
    TRY(const std::optional<FileInfo> info, files.info(options.path));
    if (!info && !named) {
      return std::unexpected(std::move(named).error());
    }
    return {};  // another process was faster (and took ours for a leftover): its file is as good
  }
  return files.sync_folder(folder);
}

Result<> Database::fill_file(const OpenOptions& options, const std::string& path) {
  OpenOptions temporary = options;
  temporary.path = path;
  TRY(std::unique_ptr<Database> database,
      connect(temporary, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  const std::string sql = fmt::format(
      "PRAGMA page_size={}; PRAGMA synchronous=FULL; BEGIN; {}; PRAGMA application_id={}; "
      "PRAGMA user_version={}; COMMIT; PRAGMA journal_mode=WAL",
      options.page_bytes, options.format.schema, options.format.application_id,
      options.format.version);
  return database->execute(sql.c_str());
}

Database::~Database() {
  sqlite3_close_v2(handle_);
}

Result<> Database::execute(const char* sql) {
  if (const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr); code != SQLITE_OK) {
    return std::unexpected(error(code, sql));
  }
  return {};
}

Result<Statement> Database::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) {
    return std::unexpected(error(code, sql));
  }
  return Statement(*this, statement);
}

int64_t Database::changes() const {
  return sqlite3_changes64(handle_);
}

bool Database::in_place() const {
  int moved = 0;
  const int code = sqlite3_file_control(handle_, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return code == SQLITE_OK && moved == 0;
}

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

Result<Transaction> Transaction::begin(Database& database, const Stop& stop) {
  if (database.turns_ != nullptr) {
    if (Result<> turn = database.turns_->take(stop); !turn) {
      turn.error().what = fmt::format("{} {}: {}", database.options_.format.noun,
                                      database.options_.path, turn.error().what);
      return std::unexpected(std::move(turn).error());
    }
  }
  Transaction transaction(database);  // gives the turn back where it cannot begin
  TRY(database.execute("BEGIN IMMEDIATE"));
  return transaction;
}

Transaction::~Transaction() {
  if (database_ == nullptr) {
    return;
  }
  if (database_->in_transaction()) {
    // Where it fails, SQLite has rolled back already, or does so when the connection closes.
    (void)database_->execute("ROLLBACK");
  }
  end();
}

void Transaction::end() {
  if (database_->turns_ != nullptr) {
    database_->turns_->give_back();
  }
  database_ = nullptr;
}

Result<> Transaction::commit() {
  TRY(database_->execute("COMMIT"));
  end();
  return {};
}

}  // namespace penstock::sqlite
