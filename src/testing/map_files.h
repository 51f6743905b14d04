// MapFiles: a read-only disk of tests, paths to contents. One thread.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/files.h"

namespace penstock {

class MapFiles final : public Files {
 public:
  std::map<std::string, std::string> contents;
  int opened = 0;  // how many files were read

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    const auto found = contents.find(path);
    if (found == contents.end() || mode != OpenMode::read) {
      return fatal("open " + path + ": no such file");
    }
    ++opened;
    return std::make_unique<MapFile>(found->second);
  }
  Result<std::optional<FileInfo>> info(const std::string&) override { return unsupported(); }
  Result<std::vector<std::string>> list(const std::string&) override { return unsupported(); }
  Result<> rename(const std::string&, const std::string&) override { return unsupported(); }
  Result<bool> rename_new(const std::string&, const std::string&) override { return unsupported(); }
  Result<> remove(const std::string&) override { return unsupported(); }
  Result<> make_folders(const std::string&) override { return unsupported(); }
  Result<> sync_folder(const std::string&) override { return unsupported(); }
  Result<std::unique_ptr<FileLock>> lock(const std::string&) override { return unsupported(); }

 private:
  static std::unexpected<Error> unsupported() { return fatal("a read-only disk of tests"); }

  class MapFile final : public File {
   public:
    explicit MapFile(std::string bytes) : bytes_(std::move(bytes)) {}
    Result<size_t> read(uint64_t offset, std::span<char> into) override {
      const size_t from = std::min<size_t>(offset, bytes_.size());
      const size_t size = std::min(into.size(), bytes_.size() - from);
      std::copy_n(bytes_.data() + from, size, into.data());
      return size;
    }
    Result<> write(uint64_t, std::string_view) override { return unsupported(); }
    Result<> sync() override { return unsupported(); }
    Result<> truncate(uint64_t) override { return unsupported(); }
    Result<FileInfo> info() override {
      return FileInfo{
          .size = bytes_.size(), .device = 0, .inode = 0, .is_folder = false, .is_regular = true};
    }

   private:
    std::string bytes_;
  };
};

}  // namespace penstock
