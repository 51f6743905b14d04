#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/files.h"

namespace penstock {
namespace {

// The one table of what an errno means. A full disk may be emptied, a crowded table of descriptors
// may thin out: both are worth another try. Everything else needs a person, and says so.
std::unexpected<Error> failure(const char* tried, const std::string& path, int code) {
  switch (code) {
    case ENOSPC:
    case EDQUOT:
      return transient(
          fmt::format("{} {}: disk full ({}); free some space", tried, path, std::strerror(code)));
    case EINTR:
    case EAGAIN:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EBUSY:
      return transient(fmt::format("{} {}: {}", tried, path, std::strerror(code)));
    case EACCES:
    case EPERM:
      return fatal(fmt::format("{} {}: {}; give this user the permission, or choose another path",
                               tried, path, std::strerror(code)));
    case EROFS:
      return fatal(fmt::format("{} {}: {}; choose a path on a disk that can be written", tried,
                               path, std::strerror(code)));
    case EIO:
      return fatal(fmt::format("{} {}: {}; check the disk", tried, path, std::strerror(code)));
    default:
      return fatal(fmt::format("{} {}: {}", tried, path, std::strerror(code)));
  }
}

// What the file `path` below `folder` is; errno is set where it cannot be told.
std::optional<FileInfo> info_of(int folder, const char* path, int flags) {
  struct statx status{};
  if (::statx(folder, path, flags, STATX_BASIC_STATS | STATX_BTIME, &status) != 0) {
    return std::nullopt;
  }
  const bool born = (status.stx_mask & STATX_BTIME) != 0;
  const statx_timestamp& made = born ? status.stx_btime : status.stx_mtime;
  return FileInfo{
      .size = status.stx_size,
      .device = ::makedev(status.stx_dev_major, status.stx_dev_minor),
      .inode = status.stx_ino,
      .is_folder = S_ISDIR(status.stx_mode),
      .is_regular = S_ISREG(status.stx_mode),
      .made = {made.tv_sec * 1'000'000 + made.tv_nsec / 1'000},
      .changed = {status.stx_ctime.tv_sec * 1'000'000 + status.stx_ctime.tv_nsec / 1'000},
  };
}

class SystemFile final : public File {
 public:
  SystemFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  ~SystemFile() override { ::close(descriptor_); }
  SystemFile(const SystemFile&) = delete;
  SystemFile& operator=(const SystemFile&) = delete;

  Result<size_t> read(uint64_t offset, std::span<char> into) override {
    size_t done = 0;
    while (done < into.size()) {
      const ssize_t got = ::pread(descriptor_, into.data() + done, into.size() - done,
                                  static_cast<off_t>(offset + done));
      if (got < 0) {
        if (errno == EINTR) {
          continue;
        }
        return failure("read", path_, errno);
      }
      if (got == 0) {
        break;
      }
      done += static_cast<size_t>(got);
    }
    return done;
  }

  Result<> write(uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t put =
          ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (put < 0) {
        if (errno == EINTR) {
          continue;
        }
        return failure("write", path_, errno);
      }
      bytes.remove_prefix(static_cast<size_t>(put));
      offset += static_cast<uint64_t>(put);
    }
    return {};
  }

  Result<> sync() override {
    if (::fdatasync(descriptor_) == 0) {
      return {};
    }
    // Never transient, not even on a full disk: after a failed sync the kernel may have dropped the
    // pages, so that a second sync would succeed and mean nothing.
    return fatal(
        fmt::format("sync {}: {}; what was not synced may be lost: check the disk and "
                    "start again",
                    path_, std::strerror(errno)));
  }

  Result<> truncate(uint64_t size) override {
    if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) {
      return failure("truncate", path_, errno);
    }
    return {};
  }

  Result<FileInfo> info() override {
    const std::optional<FileInfo> found = info_of(descriptor_, "", AT_EMPTY_PATH);
    if (!found) {
      return failure("stat", path_, errno);
    }
    return *found;
  }

 private:
  int descriptor_;
  std::string path_;
};

class SystemLock final : public FileLock {
 public:
  explicit SystemLock(int descriptor) : descriptor_(descriptor) {}
  ~SystemLock() override { ::close(descriptor_); }
  SystemLock(const SystemLock&) = delete;
  SystemLock& operator=(const SystemLock&) = delete;

 private:
  int descriptor_;
};

std::string parent_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) {
    return ".";
  }
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<std::unique_ptr<File>> SystemFiles::open(const std::string& path, OpenMode mode) {
  int flags = O_CLOEXEC;
  switch (mode) {
    case OpenMode::read:
      // A pipe without a writer would block an open for reading; a regular file does not care.
      flags |= O_RDONLY | O_NONBLOCK;
      break;
    case OpenMode::write:
      flags |= O_RDWR | O_CREAT;
      break;
    case OpenMode::create_new:
      flags |= O_RDWR | O_CREAT | O_EXCL;
      break;
  }
  const int descriptor = ::open(path.c_str(), flags, 0644);
  if (descriptor < 0) {
    return failure("open", path, errno);
  }
  return std::make_unique<SystemFile>(descriptor, path);
}

Result<std::optional<FileInfo>> SystemFiles::info(const std::string& path) {
  const std::optional<FileInfo> found = info_of(AT_FDCWD, path.c_str(), 0);
  if (!found && errno != ENOENT && errno != ENOTDIR) {
    return failure("stat", path, errno);
  }
  return found;
}

Result<std::vector<std::string>> SystemFiles::list(const std::string& folder) {
  DIR* const stream = ::opendir(folder.empty() ? "." : folder.c_str());
  if (stream == nullptr) {
    if (errno == ENOENT) {
      return std::vector<std::string>{};
    }
    return failure("list", folder, errno);
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> guard(stream, ::closedir);
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* const entry = ::readdir(stream);
    if (entry == nullptr) {
      break;
    }
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") {
      names.emplace_back(name);
    }
  }
  if (errno != 0) {
    return failure("list", folder, errno);
  }
  std::ranges::sort(names);
  return names;
}

Result<> SystemFiles::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return failure("rename", from + " to " + to, errno);
  }
  return {};
}

Result<bool> SystemFiles::rename_new(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) {
    return true;
  }
  if (errno == EEXIST) {
    return false;
  }
  if (errno != EINVAL && errno != ENOSYS) {
    return failure("rename", from + " to " + to, errno);
  }
  // This file system knows no RENAME_NOREPLACE: link never replaces either.
  if (::link(from.c_str(), to.c_str()) != 0) {
    if (errno == EEXIST) {
      return false;
    }
    return failure("link", from + " to " + to, errno);
  }
  if (::unlink(from.c_str()) != 0) {
    return failure("remove", from, errno);
  }
  return true;
}

Result<> SystemFiles::remove(const std::string& path) {
  if (::remove(path.c_str()) != 0 && errno != ENOENT) {
    return failure("remove", path, errno);
  }
  return {};
}

Result<> SystemFiles::make_folders(const std::string& path) {
  std::string deepest_found;
  for (size_t end = 0; end < path.size();) {
    const size_t slash = path.find('/', end + 1);
    end = slash == std::string::npos ? path.size() : slash;
    const std::string folder = path.substr(0, end);
    if (folder.find_first_not_of('/') == std::string::npos || folder.ends_with('/')) {
      continue;
    }
    if (::mkdir(folder.c_str(), 0755) == 0) {
      TRY(sync_folder(parent_of(folder)));  // I7
      continue;
    }
    const int code = errno;
    TRY(const auto found, info(folder));
    if (!found) {
      return failure("make folder", folder, code);
    }
    if (!found->is_folder) {
      return fatal(
          fmt::format("make folder {}: something else has this name; move it away", folder));
    }
    deepest_found = folder;
  }
  // A process that died between mkdir and sync left a folder that a dying machine would forget. It
  // can only be the deepest one. Where its parent may not be opened, it was not us who made it.
  if (!deepest_found.empty() && ::access(parent_of(deepest_found).c_str(), R_OK) == 0) {
    TRY(sync_folder(parent_of(deepest_found)));
  }
  return {};
}

Result<> SystemFiles::sync_folder(const std::string& path) {
  const std::string folder = path.empty() ? "." : path;
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) {
    return failure("open folder", folder, errno);
  }
  const int outcome = ::fsync(descriptor);
  const int code = errno;
  ::close(descriptor);
  // Some network file systems cannot sync a folder and say so by EINVAL; they keep entries anyway.
  if (outcome == 0 || code == EINVAL) {
    return {};
  }
  return fatal(fmt::format("sync folder {}: {}; check the disk and start again", folder,
                           std::strerror(code)));
}

Result<std::unique_ptr<FileLock>> SystemFiles::lock(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) {
    return failure("open", path, errno);
  }
  auto lock = std::make_unique<SystemLock>(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return transient(fmt::format(
          "lock {}: another process holds it; stop that one, or choose another path", path));
    }
    return failure("lock", path, errno);
  }
  return lock;
}

uint64_t SystemFiles::open_max() const {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? uint64_t{limit.rlim_cur} : UINT64_MAX;
}

}  // namespace penstock
