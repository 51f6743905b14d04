#include "connectors/files/local_objects.h"

#include <fmt/core.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/sha256.h"

namespace penstock::files {

namespace {

class LocalDraft final : public lake::ObjectDraft {
 public:
  LocalDraft(Files& files, std::string folder, std::string_view temporary_name)
      : files_(files),
        folder_(std::move(folder)),
        temporary_(fmt::format("{}/{}", folder_, temporary_name)) {}
  LocalDraft(const LocalDraft&) = delete;
  LocalDraft& operator=(const LocalDraft&) = delete;
  ~LocalDraft() override {
    file_.reset();
    if (exists_) {
      // Best effort: a temporary file that stays is removed when its folder is used next.
      static_cast<void>(files_.remove(temporary_));
    }
  }

  Result<> append(std::string_view bytes) override {
    if (file_ == nullptr) {
      exists_ = true;
      TRY(file_, files_.open(temporary_, OpenMode::write));
      TRY(file_->truncate(0));
    }
    TRY(file_->write(size_, bytes));
    size_ += bytes.size();
    return {};
  }

  Result<bool> finish(const std::string& name) override {
    CHECK(file_ != nullptr);
    TRY(file_->sync());
    file_.reset();
    TRY(const bool renamed, files_.rename_new(temporary_, folder_ + "/" + name));
    if (!renamed) {
      return false;
    }
    exists_ = false;
    TRY(files_.sync_folder(folder_));  // I1: the name counts once it cannot be forgotten
    return true;
  }

 private:
  Files& files_;
  std::string folder_;
  std::string temporary_;
  std::unique_ptr<File> file_;
  bool exists_ = false;  // the temporary file may be there
  uint64_t size_ = 0;
};

}  // namespace

Result<> LocalObjects::open(const Opening& opening, Stop /*stop*/) {
  fixed_folder_ = opening.fixed_folder;
  prefix_ = fmt::format(".penstock-{}-", sha256_hex(opening.owner).substr(0, 32));
  old_prefix_ =
      opening.old_owner.empty() ? "" : fmt::format(".penstock-{:016x}-", hash64(opening.old_owner));
  run_prefix_ = fmt::format("{}{:x}-", prefix_, opening.run);
  const std::string_view fixed = fixed_folder_;
  if (!fixed.empty()) {
    TRY(files_.make_folders(fixed_folder_));
  }
  // As in sync_parents, for the folders above: an earlier run may have made them. One that this
  // user may search but not open was not made by us, so its error is none.
  for (size_t end = fixed.find_last_not_of('/'); end != std::string_view::npos;) {
    const size_t slash = fixed.rfind('/', end);
    const std::string parent(slash == std::string_view::npos ? "." : fixed.substr(0, slash));
    static_cast<void>(files_.sync_folder(parent.empty() ? "/" : parent));
    end = slash == std::string_view::npos || slash == 0 ? std::string_view::npos : slash - 1;
  }
  return {};
}

std::string LocalObjects::temporary_name(uint32_t slot) const {
  return fmt::format("{}{}", run_prefix_, slot);
}

bool LocalObjects::is_left_over(std::string_view name, uint32_t slot) const {
  if (name.starts_with(run_prefix_)) {
    // Another slot may be writing it just now: several parts may share a folder.
    return name == temporary_name(slot);
  }
  return name.starts_with(prefix_) || (!old_prefix_.empty() && name.starts_with(old_prefix_));
}

// The names become as durable as the bytes, which were synced before.
Result<> LocalObjects::use(const std::string& folder, uint32_t slot, const Visit& visit,
                           Stop /*stop*/) {
  TRY(files_.make_folders(folder));
  TRY(sync_parents(folder));
  TRY(files_.sync_folder(folder));
  TRY(const std::vector<std::string> names, files_.list(folder));
  for (const std::string& name : names) {
    if (is_left_over(name, slot)) {
      TRY(files_.remove(folder + "/" + name));
    } else if (!name.starts_with('.')) {
      visit(name);
    }
  }
  return {};
}

Result<> LocalObjects::list(const std::string& folder, const Visit& visit, Stop /*stop*/) {
  TRY(const auto known, files_.info(folder));
  if (!known || !known->is_folder) {
    return {};
  }
  TRY(sync_parents(folder));
  TRY(files_.sync_folder(folder));
  TRY(const std::vector<std::string> names, files_.list(folder));
  for (const std::string& name : names) {
    visit(name);
  }
  return {};
}

std::unique_ptr<lake::ObjectDraft> LocalObjects::begin(const std::string& folder, uint32_t slot) {
  return std::make_unique<LocalDraft>(files_, folder, temporary_name(slot));
}

// A run that died between making folders and syncing them left folders that exist and may still be
// forgotten. Those above the fixed part of the path are the user's own.
Result<> LocalObjects::sync_parents(std::string_view folder) {
  size_t slash = folder.rfind('/');
  while (slash != std::string_view::npos && slash > 0 && slash + 1 >= fixed_folder_.size()) {
    TRY(files_.sync_folder(std::string(folder.substr(0, slash))));
    slash = folder.rfind('/', slash - 1);
  }
  return {};
}

}  // namespace penstock::files
