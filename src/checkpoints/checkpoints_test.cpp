#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "checkpoints/memory.h"
#include "checkpoints/test_help.h"
#include "testing/helper_process.h"

namespace penstock {
namespace {

// Holds the lease of "orders", to which it has saved `saves` times, until it is killed.
int hold(const std::string& path, int saves) {
  auto store = open_store(path, "orders", kSource);
  if (!store->lease({})) {
    return 1;
  }
  for (int i = 0; i < saves; ++i) {
    Changes changes;
    changes.positions.emplace_back("part", std::to_string(i));
    changes.quarantined.push_back({"out", "\1" + std::to_string(i), "k"});
    if (!store->save(changes, {})) {
      return 1;
    }
  }
  HelperProcess::ready();
  ::pause();
  return 0;
}
[[maybe_unused]] const bool kHolder = HelperProcess::add_role(
    "checkpoint_holder", [](const std::string& path) { return hold(path, 0); });
[[maybe_unused]] const bool kSaver = HelperProcess::add_role(
    "checkpoint_saver", [](const std::string& path) { return hold(path, 1000); });

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
  EXPECT_TRUE(store("orders", "files/b")->lease({})) << "the same name of another source";

  holder.kill();
  EXPECT_TRUE(two->lease({})) << "the lease is free at once after SIGKILL";
}

TEST_F(SqliteCheckpointsTest, what_was_saved_is_there_after_a_kill) {
  HelperProcess saver("checkpoint_saver", path_);
  ASSERT_TRUE(saver.wait_until_ready());
  saver.kill();
  auto one = store();
  const uint64_t epoch = (**one->load({})).epoch;
  ASSERT_TRUE(one->lease({}));
  const auto loaded = one->load({});
  ASSERT_TRUE(loaded);
  EXPECT_GT((*loaded)->epoch, epoch);
  EXPECT_EQ((*loaded)->positions, (std::map<std::string, Position>{{"part", "999"}}));
  EXPECT_EQ((*loaded)->quarantined.size(), 1000U);
}

TEST_F(SqliteCheckpointsTest, a_lease_that_was_given_back_is_free_while_its_store_lives) {
  auto one = store();
  ASSERT_TRUE(one->lease({}));
  ASSERT_TRUE(one->save(at("1"), {}));
  EXPECT_EQ(store()->lease({}).error().kind, Error::Kind::held);
  ASSERT_TRUE(one->release({}));
  auto two = store();
  ASSERT_TRUE(two->lease({}));
  EXPECT_FALSE(one->save(at("2"), {}));
  EXPECT_EQ(position_in(*two), "1");
}

TEST_F(SqliteCheckpointsTest, a_save_writes_what_changed) {
  auto one = store();
  ASSERT_TRUE(one->lease({}));
  Changes all;
  for (int i = 0; i < 5000; ++i) {
    all.positions.emplace_back("part-" + std::to_string(i), "0");
  }
  ASSERT_TRUE(one->save(all, {}));
  change(
      "CREATE TABLE touched(part); "
      "CREATE TRIGGER changed AFTER UPDATE ON positions BEGIN "
      "INSERT INTO touched VALUES(new.part); END; "
      "CREATE TRIGGER added AFTER INSERT ON positions BEGIN "
      "INSERT INTO touched VALUES(new.part); END; "
      "CREATE TRIGGER gone AFTER DELETE ON positions BEGIN "
      "INSERT INTO touched VALUES(old.part); END");
  Changes changed;
  changed.positions.emplace_back("part-17", "1");
  ASSERT_TRUE(one->save(changed, {}));
  EXPECT_EQ(number("SELECT count(*) FROM touched"), 1);
  ASSERT_TRUE(one->save(all, {}));
  EXPECT_EQ(number("SELECT count(*) FROM touched"), 2) << "what is as it was is no write";
  EXPECT_EQ((**one->load({})).positions.size(), 5000U);
}

TEST_F(SqliteCheckpointsTest, a_save_changes_and_forgets) {
  auto one = store();
  ASSERT_TRUE(one->lease({}));
  const Quarantined first{"out", "\1first", "1"};
  const Quarantined second{"out", std::string("\1se\0cond", 8), "2"};
  const Changes begin{.positions = {{"a", "1"}, {"b", std::string("\0\xff", 2)}, {"c", ""}},
                      .quarantined = {first, second},
                      .forgotten = {},
                      .released = {},
                      .at = {17}};
  ASSERT_TRUE(one->save(begin, {}));
  Checkpoint expected;
  apply(begin, expected);
  EXPECT_EQ((**one->load({})).positions, expected.positions);
  EXPECT_EQ((**one->load({})).quarantined, expected.quarantined);
  const Changes next{.positions = {{"b", "2"}, {"d", "4"}},
                     .quarantined = {first},
                     .forgotten = {"a", "unknown"},
                     .released = {second},
                     .at = {18}};
  ASSERT_TRUE(one->save(next, {}));
  apply(next, expected);
  const auto loaded = store()->load({});
  ASSERT_TRUE(loaded);
  EXPECT_EQ((*loaded)->positions, expected.positions);
  EXPECT_EQ((*loaded)->quarantined, expected.quarantined);
  EXPECT_EQ((*loaded)->at, expected.at);
  EXPECT_EQ((*loaded)->fingerprint, kSource);
}

TEST_F(SqliteCheckpointsTest, two_sources_under_one_name_are_two_states) {
  auto one = store("orders", "files/a");
  ASSERT_TRUE(one->lease({}));
  ASSERT_TRUE(one->save(at("1"), {}));
  EXPECT_EQ(*one->pipelines({}), (std::vector<std::string>{"orders"}));
  EXPECT_TRUE(log_.warnings.empty());
  auto two = store("orders", "files/b");
  ASSERT_TRUE(two->lease({}));
  ASSERT_EQ(log_.warnings.size(), 1U) << "it begins anew beside another source's state";
  for (const char* const part : {"'orders'", "files/a", "files/b", "begins anew"}) {
    EXPECT_NE(log_.warnings[0].find(part), std::string::npos) << log_.warnings[0];
  }
  EXPECT_EQ(position_in(*two), "none");
  ASSERT_TRUE(two->save(at("2"), {}));
  EXPECT_EQ(position_in(*one), "1");
  EXPECT_EQ(position_in(*two), "2");
  EXPECT_EQ(*one->pipelines({}),
            (std::vector<std::string>{"orders (files/a)", "orders (files/b)"}));
  ASSERT_TRUE(two->release({}));
  ASSERT_TRUE(two->lease({}));
  EXPECT_EQ(log_.warnings.size(), 1U) << "it goes on where it was";
  ASSERT_TRUE(two->reset({}));
  EXPECT_EQ(position_in(*one), "1");
}

TEST_F(SqliteCheckpointsTest, a_save_after_another_took_the_lease_is_refused) {
  auto one = store();
  ASSERT_TRUE(one->lease({}));
  ASSERT_TRUE(one->save(at("1"), {}));
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    if (entry.path().extension() == ".lock") {
      std::filesystem::remove(entry.path());  // as a careless operator would
    }
  }
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
  change("PRAGMA user_version=3");
  const Error error = store()->lease({}).error();
  EXPECT_EQ(error.kind, Error::Kind::fatal);
  EXPECT_NE(error.what.find("version 3"), std::string::npos) << error.what;
}

TEST_F(SqliteCheckpointsTest, a_key_in_quarantine_that_is_none_is_an_error) {
  {
    auto one = store();
    ASSERT_TRUE(one->lease({}));
    Changes changes = at("1");
    changes.quarantined = {{"out", "\1key", "k"}};
    ASSERT_TRUE(one->save(changes, {}));
  }
  change("UPDATE quarantined SET key=x'00ff'");
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
