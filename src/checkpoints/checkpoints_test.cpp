#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/test_helper_process.h"
#include "checkpoints/memory.h"
#include "checkpoints/sqlite.h"
#include "core/test_context.h"

namespace penstock {
namespace {

std::unique_ptr<CheckpointStore> store_at(const std::string& path, const std::string& pipeline) {
  TestContext context(pipeline + "/sqlite");
  // The files of a test context are the system's: they have no state that could dangle.
  static SystemFiles files;
  return *SqliteCheckpoints::make({.path = path}, context.with(files));
}

// Holds the lease of "orders" until it is killed.
[[maybe_unused]] const bool kHolder =
    HelperProcess::add_role("checkpoint_holder", [](const std::string& path) {
      auto store = store_at(path, "orders");
      if (store->lease({})) {
        HelperProcess::ready();
        ::pause();
      }
      return 1;
    });

class SqliteCheckpointsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "penstock_checkpoints_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ + "/penstock.db";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<CheckpointStore> store(const std::string& pipeline = "orders") {
    return store_at(path_, pipeline);
  }
  static Changes at(const std::string& position) {
    Changes changes;
    changes.positions.emplace_back("part", position);
    changes.at = {1'700'000'000'000'000};
    return changes;
  }
  static std::string position_in(CheckpointStore& store) {
    const auto loaded = store.load({});
    EXPECT_TRUE(loaded) << loaded.error().what;
    return loaded && *loaded ? (*loaded)->positions.at("part") : "none";
  }
  void change(const char* sql) {
    auto database = sqlite::Database::open(
        files_, {.path = path_, .format = {.noun = "x", .application_id = 0x50534350}});
    ASSERT_TRUE(database) << database.error().what;
    ASSERT_TRUE((*database)->execute(sql));
  }

  SystemFiles files_;
  std::string folder_, path_;
};

TEST_F(SqliteCheckpointsTest, what_was_saved_is_loaded_by_the_next_one) {
  {
    auto one = store();
    ASSERT_TRUE(one->lease({}));
    EXPECT_EQ(position_in(*one), "none");
    ASSERT_TRUE(one->save(at("1"), {}));
    ASSERT_TRUE(one->save(at("2"), {}));
  }
  EXPECT_EQ(position_in(*store()), "2");
}

TEST_F(SqliteCheckpointsTest, several_pipelines_share_a_file) {
  auto one = store("one");
  auto two = store("two");
  ASSERT_TRUE(one->lease({}));
  ASSERT_TRUE(two->lease({}));
  ASSERT_TRUE(one->save(at("1"), {}));
  ASSERT_TRUE(two->save(at("2"), {}));
  EXPECT_EQ(position_in(*one), "1");
  EXPECT_EQ(position_in(*two), "2");
  EXPECT_EQ(*one->pipelines({}), (std::vector<std::string>{"one", "two"}));
}

TEST_F(SqliteCheckpointsTest, each_lease_has_a_higher_epoch) {
  uint64_t last = 0;
  for (int i = 0; i < 3; ++i) {
    auto one = store();
    const auto lease = one->lease({});
    ASSERT_TRUE(lease);
    EXPECT_GT(lease->epoch, last);
    EXPECT_FALSE(lease->life);
    last = lease->epoch;
    ASSERT_TRUE(one->save(at("1"), {}));
    EXPECT_EQ((**one->load({})).epoch, last);
  }
}

TEST_F(SqliteCheckpointsTest, a_second_process_gets_no_lease_and_is_told_why) {
  HelperProcess holder("checkpoint_holder", path_);
  ASSERT_TRUE(holder.wait_until_ready());
  auto two = store();
  const auto refused = two->lease({});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Error::Kind::held);
  EXPECT_NE(refused.error().what.find("another process runs pipeline 'orders'"), std::string::npos)
      << refused.error().what;
  EXPECT_NE(refused.error().what.find(path_), std::string::npos) << refused.error().what;
  EXPECT_TRUE(store("other")->lease({}));

  holder.kill();
  EXPECT_TRUE(two->lease({})) << "the lease is free at once after SIGKILL";
}

TEST_F(SqliteCheckpointsTest, a_save_after_another_took_the_lease_is_refused) {
  auto one = store();
  ASSERT_TRUE(one->lease({}));
  ASSERT_TRUE(one->save(at("1"), {}));
  std::filesystem::remove(path_ + ".orders.lock");  // as a careless operator would
  auto two = store();
  ASSERT_TRUE(two->lease({}));
  const auto saved = one->save(at("old"), {});
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().kind, Error::Kind::fatal);
  EXPECT_NE(saved.error().what.find("lost its lease"), std::string::npos) << saved.error().what;
  EXPECT_FALSE(one->reset({}));
  EXPECT_EQ(position_in(*two), "1");
}

TEST_F(SqliteCheckpointsTest, nothing_is_written_without_a_lease) {
  EXPECT_FALSE(store()->save(at("1"), {}));
  EXPECT_FALSE(store()->reset({}));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(SqliteCheckpointsTest, looking_at_a_missing_store_makes_none) {
  EXPECT_EQ(position_in(*store()), "none");
  EXPECT_TRUE(store()->pipelines({})->empty());
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(SqliteCheckpointsTest, a_reset_forgets_the_checkpoint_and_keeps_the_epoch) {
  auto one = store();
  const uint64_t epoch = one->lease({})->epoch;
  ASSERT_TRUE(one->save(at("1"), {}));
  ASSERT_TRUE(one->reset({}));
  EXPECT_EQ(position_in(*one), "none");
  one.reset();
  EXPECT_GT(store()->lease({})->epoch, epoch);
}

TEST_F(SqliteCheckpointsTest, names_of_pipelines_cannot_leave_the_folder_or_meet) {
  auto one = store("../../x");
  ASSERT_TRUE(one->lease({}));
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    EXPECT_TRUE(entry.path().filename().string().starts_with("penstock.db"));
  }
}

TEST_F(SqliteCheckpointsTest, a_damaged_file_is_an_error_that_names_it) {
  std::ofstream(path_) << std::string(5000, 'x');
  for (const Error& error : {store()->lease({}).error(), store()->load({}).error()}) {
    EXPECT_EQ(error.kind, Error::Kind::fatal);
    EXPECT_NE(error.what.find(path_), std::string::npos) << error.what;
    EXPECT_NE(error.what.find("damaged"), std::string::npos) << error.what;
  }
}

TEST_F(SqliteCheckpointsTest, a_later_version_is_refused_by_name) {
  ASSERT_TRUE(store()->lease({}));
  change("PRAGMA user_version=2");
  const Error error = store()->lease({}).error();
  EXPECT_EQ(error.kind, Error::Kind::fatal);
  EXPECT_NE(error.what.find("version 2"), std::string::npos) << error.what;
}

TEST_F(SqliteCheckpointsTest, a_checkpoint_that_is_none_is_an_error_and_not_a_fresh_start) {
  {
    auto one = store();
    ASSERT_TRUE(one->lease({}));
    ASSERT_TRUE(one->save(at("1"), {}));
  }
  change("UPDATE checkpoints SET checkpoint=x'00ff'");
  const auto loaded = store()->load({});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().kind, Error::Kind::fatal);
  EXPECT_NE(loaded.error().what.find("orders"), std::string::npos) << loaded.error().what;
}

TEST_F(SqliteCheckpointsTest, a_file_deleted_or_replaced_under_it_is_noticed) {
  auto one = store();
  ASSERT_TRUE(one->lease({}));
  ASSERT_TRUE(one->save(at("1"), {}));
  std::filesystem::remove(path_);
  const auto saved = one->save(at("2"), {});
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().kind, Error::Kind::fatal);
  EXPECT_NE(saved.error().what.find("deleted or replaced"), std::string::npos);
}

TEST_F(SqliteCheckpointsTest, a_folder_that_cannot_be_made_is_an_error_that_names_it) {
  std::ofstream(folder_ + "/file") << "x";
  path_ = folder_ + "/file/penstock.db";
  const auto lease = store()->lease({});
  ASSERT_FALSE(lease);
  EXPECT_NE(lease.error().what.find(folder_ + "/file"), std::string::npos) << lease.error().what;
}

TEST_F(SqliteCheckpointsTest, makes_the_folders_of_its_file) {
  path_ = folder_ + "/a/b/penstock.db";
  ASSERT_TRUE(store()->lease({}));
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST(MemoryCheckpoints, keeps_the_checkpoint_while_it_lives) {
  TestContext context;
  auto store = *MemoryCheckpoints::make({}, context.context());
  ASSERT_TRUE(store->lease({}));
  EXPECT_FALSE(*store->load({}));
  Changes changes;
  changes.positions.emplace_back("p", "1");
  ASSERT_TRUE(store->save(changes, {}));
  EXPECT_EQ((**store->load({})).positions.at("p"), "1");
  ASSERT_TRUE(store->reset({}));
  EXPECT_FALSE(*store->load({}));
}

}  // namespace
}  // namespace penstock
