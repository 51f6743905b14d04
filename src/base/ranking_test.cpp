#include "base/ranking.h"

#include <gtest/gtest.h>

#include <string>

namespace penstock {
namespace {

TEST(Ranking, owners_stand_in_the_order_of_their_values) {
  Ranking<std::string, int> ranking;
  EXPECT_TRUE(ranking.empty());
  ranking.set("b", 2);
  ranking.set("a", 3);
  ranking.set("c", 1);
  EXPECT_FALSE(ranking.empty());
  EXPECT_EQ(ranking.first().owner, "c");
  EXPECT_EQ(ranking.first().value, 1);
  EXPECT_EQ(ranking.last().owner, "a");
  EXPECT_EQ(ranking.last().value, 3);
}

TEST(Ranking, a_value_that_changes_moves_its_owner) {
  Ranking<std::string, int> ranking;
  ranking.set("a", 1);
  ranking.set("b", 2);
  ranking.set("a", 3);
  EXPECT_EQ(ranking.first().owner, "b");
  EXPECT_EQ(ranking.last().owner, "a");
  ranking.set("a", 0);
  EXPECT_EQ(ranking.first().owner, "a");
  EXPECT_EQ(ranking.last().owner, "b");
}

TEST(Ranking, an_owner_has_one_value) {
  Ranking<std::string, int> ranking;
  EXPECT_EQ(ranking.value_of("a", 7), 7);
  ranking.set("a", 1);
  ranking.set("a", 5);
  ranking.set("a", 5);
  EXPECT_EQ(ranking.value_of("a", 7), 5);
  EXPECT_EQ(ranking.first().value, 5);
  EXPECT_EQ(ranking.last().value, 5) << "its earlier value is gone";
}

TEST(Ranking, of_equal_values_the_lesser_owner_is_first) {
  Ranking<std::string, int> ranking;
  ranking.set("c", 1);
  ranking.set("a", 1);
  ranking.set("b", 1);
  EXPECT_EQ(ranking.first().owner, "a");
  EXPECT_EQ(ranking.last().owner, "c");
}

}  // namespace
}  // namespace penstock
