#include "base/keep_tail.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace penstock {
namespace {

TEST(keep_tail, keeps_what_is_behind_the_offset) {
  const std::string folder = testing::TempDir() + "keep_tail";
  std::filesystem::remove_all(folder);
  SystemFiles files;
  ASSERT_TRUE(files.make_folders(folder));
  const auto file = files.open(folder + "/log", OpenMode::write).value();
  ASSERT_TRUE(file->write(0, "whole\nto"));
  EXPECT_EQ(keep_tail(files, *file, folder + "/log", 6).value(), folder + "/log.cut-6");
  const std::string kept = keep_tail(files, *file, folder + "/log", 1).value();
  EXPECT_EQ(files.list(folder).value(),
            (std::vector<std::string>{"log", "log.cut-1", "log.cut-6"}));
  std::string bytes(20, ' ');
  const auto copy = files.open(kept, OpenMode::read).value();
  bytes.resize(copy->read(0, bytes).value());
  EXPECT_EQ(bytes, "hole\nto");
}

}  // namespace
}  // namespace penstock
