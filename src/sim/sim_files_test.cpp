#include "sim/sim_files.h"

#include <gtest/gtest.h>

namespace penstock::sim {
namespace {

std::string content(SimFiles& files, const std::string& path) {
  auto file = files.open(path, OpenMode::read);
  if (!file) {
    return "absent";
  }
  std::string out((*file)->info().value().size, '\0');
  EXPECT_EQ((*file)->read(0, out).value(), out.size());
  return out;
}

TEST(SimFilesTest, a_machine_forgets_data_and_names_that_were_not_synced) {
  SimFiles files;
  ASSERT_TRUE(files.make_folders("d"));
  auto named = files.open("d/named", OpenMode::write).value();
  ASSERT_TRUE(files.sync_folder("d"));
  auto nameless = files.open("d/nameless", OpenMode::write).value();
  ASSERT_TRUE(named->write(0, "kept"));
  ASSERT_TRUE(named->sync());
  ASSERT_TRUE(named->write(4, " lost"));
  ASSERT_TRUE(nameless->write(0, "synced, but without a name"));
  ASSERT_TRUE(nameless->sync());
  EXPECT_EQ(content(files, "d/named"), "kept lost");
  files.crash_machine_forgetting_all();
  EXPECT_EQ(content(files, "./d//named"), "kept");
  EXPECT_EQ(content(files, "d/nameless"), "absent");
  EXPECT_FALSE(named->write(0, "a handle of the dead process"));
}

TEST(SimFilesTest, a_process_crash_keeps_the_cache_and_frees_locks) {
  SimFiles files;
  auto file = files.open("a", OpenMode::write).value();
  ASSERT_TRUE(file->write(0, "cached"));
  auto lock = files.lock("lock").value();
  EXPECT_EQ(files.lock("lock").error().kind, Error::Kind::transient);
  files.crash_process();
  EXPECT_EQ(content(files, "a"), "cached");
  EXPECT_TRUE(files.lock("lock"));
  files.crash_machine_forgetting_all();
  EXPECT_EQ(content(files, "a"), "absent");
}

TEST(SimFilesTest, a_failed_sync_is_never_made_good_by_a_later_one) {
  SimFiles files;
  auto file = files.open("a", OpenMode::write).value();
  ASSERT_TRUE(files.sync_folder("."));
  ASSERT_TRUE(file->write(0, "x"));
  files.set_hook([](const FileOperation& operation) -> std::optional<FileFault> {
    if (operation.op == FileOp::sync) {
      return FileFault{.error = fatal("broken disk").error()};
    }
    return std::nullopt;
  });
  EXPECT_FALSE(file->sync());
  files.set_hook({});
  EXPECT_TRUE(file->sync());
  files.crash_machine_forgetting_all();
  EXPECT_EQ(content(files, "a"), "");
}

TEST(SimFilesTest, after_its_death_nothing_works_until_the_crash) {
  SimFiles files;
  auto file = files.open("a", OpenMode::write).value();
  files.die_at(files.operations());
  EXPECT_FALSE(file->write(0, "x"));
  EXPECT_TRUE(files.dead());
  EXPECT_FALSE(files.list("."));
  files.crash_process();
  EXPECT_EQ(content(files, "a"), "x");  // the write under way
}

TEST(SimFilesTest, a_crash_keeps_any_part_of_a_write_and_any_name) {
  std::set<std::string> seen;
  Random random(7);
  for (int i = 0; i < 300; ++i) {
    SimFiles files;
    auto file = files.open("a", OpenMode::write).value();
    ASSERT_TRUE(file->write(0, "ab"));
    ASSERT_TRUE(file->write(2, "cd"));
    ASSERT_TRUE(files.rename("a", "b"));
    files.crash_machine(random);
    seen.insert(content(files, "a") + "/" + content(files, "b"));
  }
  const std::string hole{"absent/\0\0cd", 11};
  for (const std::string& expected :
       {std::string("absent/absent"), std::string("abcd/absent"), std::string("absent/abcd"),
        std::string("absent/ab"), std::string("absent/abc"), hole}) {
    EXPECT_TRUE(seen.contains(expected)) << expected;
  }
}

}  // namespace
}  // namespace penstock::sim
