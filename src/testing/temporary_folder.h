// TemporaryFolder: a new folder for one test, which goes with it. Owned by the test; one thread.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "base/check.h"

namespace penstock {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    CHECK(::mkdtemp(path_.data()) != nullptr);
    path_ += "/";
  }
  ~TemporaryFolder() {
    std::error_code ignored;  // it is temporary
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  // With a slash at its end.
  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + std::string(name); }
  void write(std::string_view name, std::string_view bytes) const {
    std::ofstream(*this / name, std::ios::binary | std::ios::trunc) << bytes;
  }
  std::string read(std::string_view name) const {
    std::ifstream file(*this / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::string path_ = std::filesystem::temp_directory_path().string() + "/penstock_XXXXXX";
};

}  // namespace penstock
