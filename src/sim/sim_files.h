// SimFiles: a disk in memory that forgets what was not synced: file data, truncations and directory
// entries alike, each kept or lost by itself, writes torn. It stands in for SystemFiles in tests
// and in the simulator. Any thread; a test decides by die_at() or a hook what goes wrong and when.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/hash.h"
#include "base/random.h"

namespace penstock::sim {

enum class FileOp {
  open,
  read,
  write,
  sync,
  truncate,
  info,
  list,
  rename,
  remove,
  make_folders,
  sync_folder,
  lock
};

struct FileOperation {
  FileOp op;
  std::string path;
  uint64_t index;  // how many operations that change or sync something came before
};

struct FileFault {
  Error error;
  size_t bytes_kept = 0;  // of a failing write: this many of its bytes are written all the same
};

class SimFiles final : public Files {
 public:
  SimFiles() = default;

  // Asked before each operation; an answer makes it fail. A failed sync loses, as a kernel does,
  // what it should have made durable: a later sync does not bring it back.
  void set_hook(std::function<std::optional<FileFault>(const FileOperation&)> hook);
  // The operation of that index and all later ones fail, until a crash_…(). Of a write or a change
  // of entries that was under way, crash_machine() may keep any part.
  void die_at(uint64_t index);
  bool dead() const;
  uint64_t operations() const;  // those that change or sync something

  // The process died: open files and locks of before are gone, the cache is kept, nothing of it is
  // more durable than before.
  void crash_process();
  // The machine died: each write, truncation and entry that was not synced is kept or forgotten.
  void crash_machine(Random& random);
  // As crash_machine, losing every single thing that was not synced.
  void crash_machine_forgetting_all();

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<std::optional<FileInfo>> info(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Result<> rename(const std::string& from, const std::string& to) override;
  Result<bool> rename_new(const std::string& from, const std::string& to) override;
  Result<> remove(const std::string& path) override;
  Result<> make_folders(const std::string& path) override;
  Result<> sync_folder(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

 private:
  friend class SimFile;
  friend class SimLock;
  struct Change {  // of a file's content, not yet durable
    bool truncates = false;
    uint64_t at = 0;
    std::string bytes = {};
    bool doomed = false;  // its sync failed: no later sync makes it durable
  };
  struct Inode {
    uint64_t number = 0;
    std::string content;  // as a reader sees it now
    std::string durable;
    std::vector<Change> changes;
  };
  using InodePtr = std::shared_ptr<Inode>;
  struct EntryChange {                                   // of names: all of it survives, or nothing
    std::vector<std::pair<std::string, InodePtr>> sets;  // path -> inode; null removes the name
    std::set<std::string> unsynced_folders;
  };

  std::optional<FileFault> fault(FileOp op, const std::string& path);
  void change_entries(EntryChange change);
  void restart_from(const std::map<std::string, InodePtr>& entries);
  static void apply(const Change& change, size_t bytes_kept, std::string& content);

  mutable std::mutex mutex_;  // guards all below
  std::function<std::optional<FileFault>(const FileOperation&)> hook_;
  std::optional<uint64_t> die_at_;
  bool dead_ = false;
  uint64_t operations_ = 0;
  uint64_t life_ = 0;  // grows with each crash; handles of an earlier one are stale
  uint64_t next_inode_ = 1;
  std::set<std::string> folders_;
  std::map<std::string, InodePtr> entries_;  // as a reader sees them now
  std::map<std::string, InodePtr> durable_entries_;
  std::vector<EntryChange> entry_changes_;
  std::set<std::string> locked_;
};

}  // namespace penstock::sim
