#include "base/index_list.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(IndexList, each_stands_once_and_leaves_in_the_order_in_which_it_came) {
  IndexList list;
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.pop(), std::nullopt);
  list.push(7);
  list.push(1);
  list.push(7);
  EXPECT_EQ(list.front(), 7U);
  EXPECT_EQ(list.pop(), 7U);
  EXPECT_EQ(list.pop(), 1U);
  EXPECT_EQ(list.pop(), std::nullopt);
}

TEST(IndexList, what_has_left_may_come_again) {
  IndexList list;
  EXPECT_FALSE(list.contains(2));
  list.push(2);
  list.push(100);
  EXPECT_TRUE(list.contains(2));
  EXPECT_FALSE(list.contains(3));
  EXPECT_FALSE(list.contains(101));
  EXPECT_EQ(list.pop(), 2U);
  EXPECT_FALSE(list.contains(2));
  list.push(2);
  EXPECT_EQ(list.pop(), 100U);
  EXPECT_EQ(list.pop(), 2U);
}

}  // namespace
}  // namespace penstock
