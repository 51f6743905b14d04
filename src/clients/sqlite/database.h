// Database and Statement: one connection to an SQLite file that Penstock keeps (README.md). Each is
// owned by one object and used by one thread at a time. A Statement dies before its Database.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/files.h"
#include "base/result.h"
#include "clients/sqlite/turns.h"
#include "core/shared.h"

struct sqlite3;
struct sqlite3_stmt;

namespace penstock::sqlite {

// What kind of file it is. `older versions are read`: a reader of version 2 will get a step from 1.
struct Format {
  std::string noun;            // how errors call it: "checkpoint file"
  int32_t application_id = 0;  // four letters in the file's header
  int32_t version = 1;         // of the schema; a later one is refused
  std::string schema = {};     // SQL that makes a new file
};

struct OpenOptions {
  std::string path;
  Format format;
  bool create = false;        // make it (and its folders) when it is missing
  int64_t cache_kib = 256;    // of pages, at most
  int64_t page_bytes = 4096;  // of a new file
  Shared* shared = nullptr;   // where the writers of a file find each other; null: no turns
};

class Database;

class Statement {
 public:
  Statement() = default;
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;

  // Parameters count from 1. Bytes must stay where they are until the statement was stepped.
  void bind(int parameter, int64_t value);
  void bind_text(int parameter, std::string_view text);
  void bind_blob(int parameter, std::string_view bytes);
  Result<bool> step();  // true: a row is there; after false or an error it is reset
  Result<> run();       // steps to its end
  void reset();

  int64_t integer(int column) const;
  std::string_view bytes(int column) const;  // text or blob, until the next step() or reset()
  bool is_null(int column) const;

 private:
  friend class Database;
  Statement(const Database& database, sqlite3_stmt* statement)
      : database_(&database), statement_(statement) {}
  const Database* database_ = nullptr;
  sqlite3_stmt* statement_ = nullptr;
  int bind_result_ = 0;  // the first that failed; reported by step()
};

class Database {
 public:
  // `fatal` for a missing file, unless it is to be made.
  static Result<std::unique_ptr<Database>> open(Files& files, OpenOptions options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Result<> execute(const char* sql);
  Result<Statement> prepare(const char* sql);  // for use over and over
  int64_t changes() const;                     // rows that the last statement changed
  // False once the file was deleted, moved or replaced: what is written now, nobody will find.
  bool in_place() const;
  bool in_transaction() const;

  // The error of SQLite's result code, with the file and what to do.
  Error error(int code, std::string_view detail) const;

 private:
  Database(OpenOptions options, sqlite3* handle) : options_(std::move(options)), handle_(handle) {}
  Result<> check_format();
  static Result<std::unique_ptr<Database>> connect(const OpenOptions& options, int flags);
  static Result<> make_file(Files& files, const OpenOptions& options);
  static Result<> fill_file(const OpenOptions& options, const std::string& path);

  friend class Transaction;

  OpenOptions options_;
  sqlite3* handle_;
  std::shared_ptr<Turns> turns_;  // may be null
};

// A transaction that takes the write lock at once, after the process's other writers of the file;
// rolled back unless it was committed. Nobody begins a second one of a file in one thread.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database, const Stop& stop);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<> commit();  // durable on return

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  void end();

  Database* database_;
};

// The folder of a path, "." where it names none.
std::string folder_of(const std::string& path);

}  // namespace penstock::sqlite
