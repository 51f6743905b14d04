#include "sim/sim_files.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

namespace penstock::sim {
namespace {

// "./a//b/" and "a/b" are one name.
std::string normal(const std::string& path) {
  std::string out;
  for (size_t at = 0; at < path.size();) {
    const size_t slash = std::min(path.find('/', at), path.size());
    const std::string_view piece(path.data() + at, slash - at);
    if (!piece.empty() && piece != ".") {
      if (!out.empty() || path.front() == '/') {
        out += '/';
      }
      out += piece;
    }
    at = slash + 1;
  }
  return out.empty() ? (path.starts_with('/') ? "/" : ".") : out;
}

std::string parent_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) {
    return ".";
  }
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool changes_something(FileOp op) {
  switch (op) {
    case FileOp::read:
    case FileOp::info:
    case FileOp::list:
    case FileOp::lock:
      return false;
    case FileOp::open:
    case FileOp::write:
    case FileOp::sync:
    case FileOp::truncate:
    case FileOp::rename:
    case FileOp::remove:
    case FileOp::make_folders:
    case FileOp::sync_folder:
      return true;
  }
  return true;
}

std::unexpected<Error> stale(const std::string& path) {
  return fatal(fmt::format("{}: this process died", path));
}

}  // namespace

class SimFile final : public File {
 public:
  SimFile(SimFiles& files, SimFiles::InodePtr inode, std::string path, bool writable)
      : files_(files),
        inode_(std::move(inode)),
        path_(std::move(path)),
        life_(files.life_),
        writable_(writable) {}

  Result<size_t> read(uint64_t offset, std::span<char> into) override {
    TRY(refuse(FileOp::read));
    const std::lock_guard guard(files_.mutex_);
    const std::string& content = inode_->content;
    if (offset >= content.size()) {
      return size_t{0};
    }
    const size_t size = std::min(into.size(), content.size() - static_cast<size_t>(offset));
    std::memcpy(into.data(), content.data() + offset, size);
    return size;
  }

  Result<> write(uint64_t offset, std::string_view bytes) override {
    const auto fault = files_.fault(FileOp::write, path_);
    const std::lock_guard guard(files_.mutex_);
    if (life_ != files_.life_ || !writable_) {
      return stale(path_);
    }
    const size_t size = fault ? std::min(fault->bytes_kept, bytes.size()) : bytes.size();
    change({.at = offset, .bytes = std::string(bytes.substr(0, size))});
    if (fault) {
      return std::unexpected(fault->error);
    }
    return {};
  }

  Result<> sync() override {
    const auto fault = files_.fault(FileOp::sync, path_);
    const std::lock_guard guard(files_.mutex_);
    if (life_ != files_.life_) {
      return stale(path_);
    }
    if (fault) {
      for (SimFiles::Change& change : inode_->changes) {
        change.doomed = true;
      }
      return std::unexpected(fault->error);
    }
    std::erase_if(inode_->changes, [this](const SimFiles::Change& change) {
      if (!change.doomed) {
        SimFiles::apply(change, change.bytes.size(), inode_->durable);
      }
      return !change.doomed;
    });
    return {};
  }

  Result<> truncate(uint64_t size) override {
    TRY(refuse(FileOp::truncate));
    const std::lock_guard guard(files_.mutex_);
    change({.truncates = true, .at = size});
    return {};
  }

  Result<FileInfo> info() override {
    TRY(refuse(FileOp::info));
    const std::lock_guard guard(files_.mutex_);
    return FileInfo{
        .size = inode_->content.size(), .device = 1, .inode = inode_->number, .is_regular = true};
  }

 private:
  Result<> refuse(FileOp op) {
    if (const auto fault = files_.fault(op, path_)) {
      return std::unexpected(fault->error);
    }
    const std::lock_guard guard(files_.mutex_);
    if (life_ != files_.life_) {
      return stale(path_);
    }
    return {};
  }
  void change(SimFiles::Change change) {
    SimFiles::apply(change, change.bytes.size(), inode_->content);
    inode_->changes.push_back(std::move(change));
  }

  SimFiles& files_;
  SimFiles::InodePtr inode_;
  std::string path_;
  uint64_t life_;
  bool writable_;
};

class SimLock final : public FileLock {
 public:
  SimLock(SimFiles& files, std::string path) : files_(files), path_(std::move(path)) {}
  ~SimLock() override {
    const std::lock_guard guard(files_.mutex_);
    if (life_ == files_.life_) {
      files_.locked_.erase(path_);
    }
  }
  SimLock(const SimLock&) = delete;
  SimLock& operator=(const SimLock&) = delete;

 private:
  SimFiles& files_;
  std::string path_;
  uint64_t life_ = files_.life_;
};

void SimFiles::set_hook(std::function<std::optional<FileFault>(const FileOperation&)> hook) {
  const std::lock_guard guard(mutex_);
  hook_ = std::move(hook);
}

void SimFiles::die_at(uint64_t index) {
  const std::lock_guard guard(mutex_);
  die_at_ = index;
}

bool SimFiles::dead() const {
  const std::lock_guard guard(mutex_);
  return dead_;
}

uint64_t SimFiles::operations() const {
  const std::lock_guard guard(mutex_);
  return operations_;
}

std::optional<FileFault> SimFiles::fault(FileOp op, const std::string& path) {
  std::function<std::optional<FileFault>(const FileOperation&)> hook;
  FileOperation operation{.op = op, .path = path, .index = 0};
  {
    const std::lock_guard guard(mutex_);
    operation.index = operations_;
    if (changes_something(op)) {
      ++operations_;
    }
    if (dead_) {
      return FileFault{.error = stale(path).error()};
    }
    if (die_at_ && operation.index >= *die_at_) {
      dead_ = true;
      return FileFault{.error = stale(path).error(), .bytes_kept = SIZE_MAX};
    }
    hook = hook_;
  }
  return hook ? hook(operation) : std::nullopt;
}

void SimFiles::apply(const Change& change, size_t bytes_kept, std::string& content) {
  if (change.truncates) {
    content.resize(static_cast<size_t>(change.at), '\0');
    return;
  }
  const size_t size = std::min(bytes_kept, change.bytes.size());
  if (size == 0) {
    return;
  }
  if (content.size() < change.at + size) {
    content.resize(static_cast<size_t>(change.at) + size, '\0');
  }
  std::memcpy(content.data() + change.at, change.bytes.data(), size);
}

void SimFiles::change_entries(EntryChange change) {
  for (const auto& [path, inode] : change.sets) {
    change.unsynced_folders.insert(parent_of(path));
    if (inode) {
      entries_[path] = inode;
    } else {
      entries_.erase(path);
    }
  }
  entry_changes_.push_back(std::move(change));
}

void SimFiles::restart_from(const std::map<std::string, InodePtr>& entries) {
  ++life_;
  dead_ = false;
  die_at_.reset();
  locked_.clear();
  entries_ = entries;
}

void SimFiles::crash_process() {
  const std::lock_guard guard(mutex_);
  restart_from(std::map(entries_));
}

void SimFiles::crash_machine(Random& random) {
  const std::lock_guard guard(mutex_);
  // One disk loses nearly everything, another hardly anything: both find other mistakes.
  const double keep = static_cast<double>(random.below(5)) / 4.0;
  for (const EntryChange& change : entry_changes_) {
    if (!random.chance(keep)) {
      continue;
    }
    for (const auto& [path, inode] : change.sets) {
      if (inode) {
        durable_entries_[path] = inode;
      } else {
        durable_entries_.erase(path);
      }
    }
  }
  entry_changes_.clear();
  std::set<Inode*> done;
  for (const auto& [path, inode] : durable_entries_) {
    if (!done.insert(inode.get()).second) {
      continue;
    }
    for (const Change& change : inode->changes) {
      if (random.chance(keep)) {
        const bool torn = random.chance(0.3);
        apply(change, torn ? random.below(change.bytes.size() + 1) : change.bytes.size(),
              inode->durable);
      }
    }
    inode->changes.clear();
    inode->content = inode->durable;
  }
  restart_from(durable_entries_);
}

void SimFiles::crash_machine_forgetting_all() {
  const std::lock_guard guard(mutex_);
  entry_changes_.clear();
  for (const auto& [path, inode] : durable_entries_) {
    inode->changes.clear();
    inode->content = inode->durable;
  }
  restart_from(durable_entries_);
}

Result<std::unique_ptr<File>> SimFiles::open(const std::string& path, OpenMode mode) {
  const std::string name = normal(path);
  const auto fault = this->fault(FileOp::open, name);
  const std::lock_guard guard(mutex_);
  const auto found = entries_.find(name);
  // A death during a creation may leave the name behind; another fault leaves nothing.
  if (fault && (fault->bytes_kept == 0 || found != entries_.end() || mode == OpenMode::read)) {
    return std::unexpected(fault->error);
  }
  if (found == entries_.end()) {
    if (mode == OpenMode::read) {
      return fatal(fmt::format("open {}: No such file or directory", path));
    }
    if (const std::string parent = parent_of(name);
        parent != "." && parent != "/" && !folders_.contains(parent)) {
      return fatal(fmt::format("open {}: No such file or directory", path));
    }
    auto inode = std::make_shared<Inode>();
    inode->number = next_inode_++;
    change_entries({.sets = {{name, inode}}, .unsynced_folders = {}});
    if (fault) {
      return std::unexpected(fault->error);
    }
    return std::make_unique<SimFile>(*this, std::move(inode), name, true);
  }
  if (mode == OpenMode::create_new) {
    return fatal(fmt::format("open {}: File exists", path));
  }
  return std::make_unique<SimFile>(*this, found->second, name, mode != OpenMode::read);
}

Result<std::optional<FileInfo>> SimFiles::info(const std::string& path) {
  const std::string name = normal(path);
  if (const auto fault = this->fault(FileOp::info, name)) {
    return std::unexpected(fault->error);
  }
  const std::lock_guard guard(mutex_);
  if (folders_.contains(name) || name == "." || name == "/") {
    return FileInfo{.device = 1, .inode = hash64(name), .is_folder = true};
  }
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    return std::nullopt;
  }
  return FileInfo{.size = found->second->content.size(),
                  .device = 1,
                  .inode = found->second->number,
                  .is_regular = true};
}

Result<std::vector<std::string>> SimFiles::list(const std::string& folder) {
  const std::string name = normal(folder);
  if (const auto fault = this->fault(FileOp::list, name)) {
    return std::unexpected(fault->error);
  }
  const std::lock_guard guard(mutex_);
  std::vector<std::string> names;
  const auto add = [&](const std::string& path) {
    if (parent_of(path) == name) {
      names.push_back(path.substr(path.find_last_of('/') + 1));
    }
  };
  for (const auto& [path, inode] : entries_) {
    add(path);
  }
  for (const std::string& path : folders_) {
    add(path);
  }
  std::ranges::sort(names);
  return names;
}

Result<> SimFiles::rename(const std::string& from, const std::string& to) {
  const auto fault = this->fault(FileOp::rename, normal(from));
  const std::lock_guard guard(mutex_);
  const auto found = entries_.find(normal(from));
  if (fault && fault->bytes_kept == 0) {
    return std::unexpected(fault->error);
  }
  if (found == entries_.end()) {
    return fatal(fmt::format("rename {} to {}: No such file or directory", from, to));
  }
  const InodePtr inode = found->second;
  change_entries({.sets = {{normal(from), nullptr}, {normal(to), inode}}, .unsynced_folders = {}});
  if (fault) {
    return std::unexpected(fault->error);
  }
  return {};
}

Result<bool> SimFiles::rename_new(const std::string& from, const std::string& to) {
  TRY(const auto found, info(to));
  if (found) {
    return false;
  }
  TRY(rename(from, to));
  return true;
}

Result<> SimFiles::remove(const std::string& path) {
  const std::string name = normal(path);
  const auto fault = this->fault(FileOp::remove, name);
  const std::lock_guard guard(mutex_);
  if (fault && fault->bytes_kept == 0) {
    return std::unexpected(fault->error);
  }
  if (entries_.contains(name)) {
    change_entries({.sets = {{name, nullptr}}, .unsynced_folders = {}});
  }
  if (fault) {
    return std::unexpected(fault->error);
  }
  return {};
}

Result<> SimFiles::make_folders(const std::string& path) {
  const std::string name = normal(path);
  if (const auto fault = this->fault(FileOp::make_folders, name)) {
    return std::unexpected(fault->error);
  }
  const std::lock_guard guard(mutex_);
  for (size_t slash = name.find('/', 1);; slash = name.find('/', slash + 1)) {
    const std::string folder = name.substr(0, slash);
    if (entries_.contains(folder)) {
      return fatal(fmt::format("make folder {}: something else has this name", folder));
    }
    folders_.insert(folder);
    if (slash == std::string::npos) {
      return {};
    }
  }
}

Result<> SimFiles::sync_folder(const std::string& path) {
  const std::string folder = normal(path);
  if (const auto fault = this->fault(FileOp::sync_folder, folder)) {
    return std::unexpected(fault->error);
  }
  const std::lock_guard guard(mutex_);
  std::erase_if(entry_changes_, [&](EntryChange& change) {
    change.unsynced_folders.erase(folder);
    if (!change.unsynced_folders.empty()) {
      return false;
    }
    for (const auto& [name, inode] : change.sets) {
      if (inode) {
        durable_entries_[name] = inode;
      } else {
        durable_entries_.erase(name);
      }
    }
    return true;
  });
  return {};
}

Result<std::unique_ptr<FileLock>> SimFiles::lock(const std::string& path) {
  const std::string name = normal(path);
  if (const auto fault = this->fault(FileOp::lock, name)) {
    return std::unexpected(fault->error);
  }
  const std::lock_guard guard(mutex_);
  if (!locked_.insert(name).second) {
    return transient(fmt::format("lock {}: another process holds it", path));
  }
  return std::make_unique<SimLock>(*this, name);
}

}  // namespace penstock::sim
