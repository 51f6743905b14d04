// Files: the disk seam. Nothing else in Penstock opens, renames or syncs a file (SQLite, which
// brings its own, apart). A simulated disk implements the same interface and forgets what was not
// synced, directory entries too. A Files may be used by any thread; a File by one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace penstock {

struct FileInfo {
  uint64_t size = 0;
  uint64_t device = 0;
  uint64_t inode = 0;
  bool is_folder = false;
  bool is_regular = false;
  Timestamp made = {};  // when it was created; where the file system does not know: last changed
  // When it last changed, in the file system's ticks of some milliseconds; zero: not known.
  Timestamp changed = {};
};

class File {
 public:
  virtual ~File() = default;
  // At most into.size() bytes from offset; fewer only at the end of the file; 0 at the end.
  virtual Result<size_t> read(uint64_t offset, std::span<char> into) = 0;
  virtual Result<> write(uint64_t offset, std::string_view bytes) = 0;  // all of it or an error
  // fdatasync. A failed sync is never tried again: the error is fatal (the kernel forgets pages).
  virtual Result<> sync() = 0;
  virtual Result<> truncate(uint64_t size) = 0;
  virtual Result<FileInfo> info() = 0;
};

class FileLock {  // held while it lives; the operating system frees it when the process dies
 public:
  virtual ~FileLock() = default;
};

enum class OpenMode {
  read,        // must exist
  write,       // read and write; created when absent
  create_new,  // read and write; an error when it exists
};

// Errors: a full disk, EIO and a read-only or forbidden place are `fatal` or `transient` as
// files.cpp's table says, and name the path.
class Files {
 public:
  virtual ~Files() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  virtual Result<std::optional<FileInfo>> info(const std::string& path) = 0;  // nullopt: absent
  // Names (not paths) in the folder, sorted bytewise; an absent folder is empty.
  virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;
  virtual Result<> rename(const std::string& from, const std::string& to) = 0;  // replaces
  // Gives `from` the name `to` and takes its old one away; false, and nothing done, when `to`
  // exists (renameat2 RENAME_NOREPLACE, or link and unlink).
  virtual Result<bool> rename_new(const std::string& from, const std::string& to) = 0;
  virtual Result<> remove(const std::string& path) = 0;  // absent is success
  // mkdir -p; every folder it makes is synced into its parent before it returns.
  virtual Result<> make_folders(const std::string& path) = 0;
  virtual Result<> sync_folder(const std::string& path) = 0;  // makes its entries durable
  // An exclusive lock on the file (created when absent); `transient` when another process holds it.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
  // How many files the process may have open at once, of whatever kind.
  virtual uint64_t open_max() const { return UINT64_MAX; }
};

class SystemFiles : public Files {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<std::optional<FileInfo>> info(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Result<> rename(const std::string& from, const std::string& to) override;
  Result<bool> rename_new(const std::string& from, const std::string& to) override;
  Result<> remove(const std::string& path) override;
  Result<> make_folders(const std::string& path) override;
  Result<> sync_folder(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
  uint64_t open_max() const override;
};

}  // namespace penstock
