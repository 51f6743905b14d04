#include "checkpoints/test_help.h"

namespace penstock {
namespace {

TEST_F(SqliteCheckpointsTest, a_file_of_version_1_is_read_without_a_change) {
  make_version_1({{"orders", old_state()}, {"other", old_state("files/b")}});
  auto one = store();
  const auto loaded = one->load({});
  ASSERT_TRUE(loaded) << loaded.error().what;
  ASSERT_TRUE(*loaded);
  EXPECT_EQ((*loaded)->positions, old_state().positions);
  EXPECT_EQ((*loaded)->quarantined, old_state().quarantined);
  EXPECT_EQ(position_in(*store("orders", "files/other")), "none");
  EXPECT_EQ(*one->pipelines({}), (std::vector<std::string>{"orders", "other"}));
  EXPECT_EQ(number("PRAGMA user_version"), 1);
}

TEST_F(SqliteCheckpointsTest, a_state_of_version_1_is_taken_over_at_its_first_lease) {
  make_version_1({{"orders", old_state()}, {"other", old_state("files/b")}});
  {
    auto one = store();
    EXPECT_GT(one->lease({})->epoch, old_state().epoch);
    const auto loaded = one->load({});
    ASSERT_TRUE(loaded) << loaded.error().what;
    EXPECT_EQ((*loaded)->positions, old_state().positions);
    EXPECT_EQ((*loaded)->quarantined, old_state().quarantined);
    EXPECT_EQ((*loaded)->at, old_state().at);
    ASSERT_TRUE(one->save(at("18"), {}));
    EXPECT_EQ(position_in(*one), "18");
  }
  EXPECT_TRUE(log_.warnings.empty());
  EXPECT_EQ(number("PRAGMA user_version"), 2);
  EXPECT_EQ(position_in(*store()), "18");
  EXPECT_EQ(*store()->pipelines({}), (std::vector<std::string>{"orders", "other"}));
  auto other = store("other", "files/b");
  EXPECT_EQ(position_in(*other), "17") << "of version 1 still";
  ASSERT_TRUE(other->lease({}));
  EXPECT_EQ(position_in(*other), "17");
  EXPECT_EQ(number("SELECT count(*) FROM checkpoints"), 0);
}

TEST_F(SqliteCheckpointsTest, a_state_of_version_1_belongs_to_the_source_in_it) {
  make_version_1({{"orders", old_state("files/b")}});
  auto one = store("orders", "files/a");
  ASSERT_TRUE(one->lease({}));
  EXPECT_EQ(position_in(*one), "none");
  EXPECT_EQ(log_.warnings.size(), 1U);
  ASSERT_TRUE(one->save(at("1"), {}));
  EXPECT_EQ(position_in(*store("orders", "files/b")), "17");
}

TEST_F(SqliteCheckpointsTest, an_older_program_that_runs_the_pipeline_keeps_it) {
  make_version_1({{"orders", old_state()}, {"other", old_state("files/b")}});
  auto old_lock = files_.lock(path_ + ".orders.lock");  // all that it holds
  ASSERT_TRUE(old_lock);
  auto one = store();
  EXPECT_EQ(one->lease({}).error().kind, Error::Kind::held);
  EXPECT_EQ(number("PRAGMA user_version"), 1);
  EXPECT_TRUE(store("other", "files/b")->lease({}));
  EXPECT_EQ(one->lease({}).error().kind, Error::Kind::held) << "in a file of version 2 too";
  EXPECT_EQ(position_in(*one), "17");
  change("UPDATE checkpoints SET epoch=epoch+1 WHERE pipeline='orders'");  // it goes on
  old_lock->reset();
  ASSERT_TRUE(one->lease({}));
  EXPECT_EQ(position_in(*one), "17");
}

TEST_F(SqliteCheckpointsTest, a_state_of_version_1_that_is_none_is_an_error_and_can_be_reset) {
  make_version_1({{"orders", old_state()}, {"other", old_state("files/b")}});
  change("UPDATE checkpoints SET checkpoint=x'00ff' WHERE pipeline='orders'");
  auto one = store();
  ASSERT_TRUE(one->lease({}));
  const auto loaded = one->load({});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().kind, Error::Kind::fatal);
  EXPECT_NE(loaded.error().what.find("orders"), std::string::npos) << loaded.error().what;
  EXPECT_TRUE(store("other", "files/b")->lease({})) << "no harm to the others";
  ASSERT_TRUE(one->reset({}));
  EXPECT_EQ(position_in(*one), "none");
}

}  // namespace
}  // namespace penstock
