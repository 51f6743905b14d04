#include <sqlite3.h>

#include <utility>

#include "clients/sqlite/database.h"

namespace penstock::sqlite {

Statement::~Statement() {
  sqlite3_finalize(statement_);
}

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      bind_result_(other.bind_result_) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  if (this != &other) {
    sqlite3_finalize(statement_);
    database_ = other.database_;
    statement_ = std::exchange(other.statement_, nullptr);
    bind_result_ = other.bind_result_;
  }
  return *this;
}

void Statement::bind(int parameter, int64_t value) {
  if (const int code = sqlite3_bind_int64(statement_, parameter, value); code != SQLITE_OK) {
    bind_result_ = code;
  }
}

void Statement::bind_text(int parameter, std::string_view text) {
  const int code = sqlite3_bind_text64(statement_, parameter, text.data(), text.size(),
                                       SQLITE_STATIC, SQLITE_UTF8);
  if (code != SQLITE_OK) {
    bind_result_ = code;
  }
}

void Statement::bind_blob(int parameter, std::string_view bytes) {
  // A null pointer would bind NULL, and an empty blob is no NULL.
  const char* const data = bytes.data() == nullptr ? "" : bytes.data();
  const int code = sqlite3_bind_blob64(statement_, parameter, data, bytes.size(), SQLITE_STATIC);
  if (code != SQLITE_OK) {
    bind_result_ = code;
  }
}

Result<bool> Statement::step() {
  if (bind_result_ != SQLITE_OK) {
    const int code = std::exchange(bind_result_, SQLITE_OK);
    return std::unexpected(database_->error(code, "bind"));
  }
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) {
    return true;
  }
  if (code == SQLITE_DONE) {
    sqlite3_reset(statement_);
    return false;
  }
  Error error = database_->error(code, sqlite3_sql(statement_));
  sqlite3_reset(statement_);
  return std::unexpected(std::move(error));
}

Result<> Statement::run() {
  while (true) {
    TRY(const bool row, step());
    if (!row) {
      return {};
    }
  }
}

void Statement::reset() {
  sqlite3_reset(statement_);
}

int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string_view Statement::bytes(int column) const {
  const void* const data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (data == nullptr || size <= 0) {
    return {};
  }
  return {static_cast<const char*>(data), static_cast<size_t>(size)};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

}  // namespace penstock::sqlite
