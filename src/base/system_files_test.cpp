#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/files.h"

namespace penstock {
namespace {

class SystemFilesTest : public testing::Test {
 protected:
  SystemFilesTest() {
    std::string path = testing::TempDir() + "files.XXXXXX";
    EXPECT_NE(::mkdtemp(path.data()), nullptr);
    folder_ = path;
  }
  ~SystemFilesTest() override { std::filesystem::remove_all(folder_); }
  std::string at(const std::string& name) const { return folder_ + "/" + name; }

  SystemFiles files_;
  std::string folder_;
};

TEST_F(SystemFilesTest, reads_back_what_it_wrote_and_gives_less_only_at_the_end) {
  auto file = files_.open(at("a"), OpenMode::write);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write(0, "hello"));
  ASSERT_TRUE((*file)->write(5, " world"));
  ASSERT_TRUE((*file)->sync());
  char into[32];
  EXPECT_EQ((*file)->read(6, into).value(), 5u);
  EXPECT_EQ(std::string_view(into, 5), "world");
  EXPECT_EQ((*file)->read(11, into).value(), 0u);
  ASSERT_TRUE((*file)->truncate(4));
  EXPECT_EQ((*file)->info().value().size, 4u);
}

TEST_F(SystemFilesTest, absent_things_are_told_apart_from_errors) {
  EXPECT_FALSE(files_.open(at("none"), OpenMode::read));
  EXPECT_FALSE(files_.info(at("none")).value().has_value());
  EXPECT_TRUE(files_.list(at("none")).value().empty());
  EXPECT_TRUE(files_.remove(at("none")));
  EXPECT_EQ(files_.open(at("no/folder"), OpenMode::write).error().kind, Error::Kind::fatal);
}

TEST_F(SystemFilesTest, create_new_and_rename_new_never_replace) {
  ASSERT_TRUE(files_.open(at("a"), OpenMode::create_new));
  EXPECT_FALSE(files_.open(at("a"), OpenMode::create_new));
  ASSERT_TRUE(files_.open(at("b"), OpenMode::create_new));
  EXPECT_FALSE(files_.rename_new(at("a"), at("b")).value());
  EXPECT_TRUE(files_.rename_new(at("a"), at("c")).value());
  EXPECT_EQ(files_.list(folder_).value(), (std::vector<std::string>{"b", "c"}));
  ASSERT_TRUE(files_.rename(at("b"), at("c")));
  EXPECT_EQ(files_.list(folder_).value(), (std::vector<std::string>{"c"}));
}

TEST_F(SystemFilesTest, makes_a_chain_of_folders_and_refuses_a_file_in_the_way) {
  ASSERT_TRUE(files_.make_folders(at("x/y//z/")));
  ASSERT_TRUE(files_.make_folders(at("x/y/z")));
  EXPECT_TRUE(files_.info(at("x/y/z")).value()->is_folder);
  ASSERT_TRUE(files_.open(at("x/file"), OpenMode::create_new));
  const auto refused = files_.make_folders(at("x/file/below"));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("x/file"), std::string::npos);
}

TEST_F(SystemFilesTest, a_lock_is_held_once_and_free_when_dropped) {
  auto first = files_.lock(at("lock"));
  ASSERT_TRUE(first);
  const auto second = files_.lock(at("lock"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, Error::Kind::transient);
  EXPECT_NE(second.error().what.find(at("lock")), std::string::npos);
  first->reset();
  EXPECT_TRUE(files_.lock(at("lock")));
}

TEST_F(SystemFilesTest, a_full_disk_is_transient_and_a_forbidden_place_is_fatal) {
  auto full = files_.open("/dev/full", OpenMode::write);
  ASSERT_TRUE(full);
  const auto refused = (*full)->write(0, "x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Error::Kind::transient);
  EXPECT_NE(refused.error().what.find("disk full"), std::string::npos);
  if (::geteuid() != 0) {
    ASSERT_EQ(::chmod(folder_.c_str(), 0555), 0);
    EXPECT_EQ(files_.open(at("a"), OpenMode::write).error().kind, Error::Kind::fatal);
    ASSERT_EQ(::chmod(folder_.c_str(), 0755), 0);
  }
}

}  // namespace
}  // namespace penstock
