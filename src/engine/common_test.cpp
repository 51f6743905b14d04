#include "engine/common.h"

#include <gtest/gtest.h>

#include <vector>

namespace penstock::engine {
namespace {

using Kind = Timers::Kind;

Instant at(int64_t seconds) {
  return {Duration{1s} * seconds};
}

struct TimersTest : testing::Test {
  // The indexes of what is due by then, in its order.
  std::vector<uint64_t> due(Instant now) {
    std::vector<uint64_t> indexes;
    while (const auto one = timers.pop(now)) {
      indexes.push_back(one->index);
    }
    return indexes;
  }
  using Indexes = std::vector<uint64_t>;
  Timers timers;
};

TEST_F(TimersTest, they_come_in_the_order_of_their_instants) {
  timers.arm(Kind::part, 1, at(3));
  timers.arm(Kind::part, 2, at(1));
  timers.arm(Kind::part, 3, at(2));
  EXPECT_EQ(timers.next(), at(1));
  EXPECT_EQ(due(at(2)), (Indexes{2, 3}));
  EXPECT_EQ(timers.next(), at(3));
  EXPECT_EQ(due(at(3)), (Indexes{1}));
  EXPECT_EQ(timers.next(), Instant::never());
}

TEST_F(TimersTest, of_one_owner_the_earliest_counts_and_no_other) {
  timers.arm(Kind::part, 1, at(5));
  timers.arm(Kind::part, 1, at(2));
  timers.arm(Kind::part, 1, at(9));
  EXPECT_EQ(due(at(2)), (Indexes{1}));
  EXPECT_EQ(due(at(10)), (Indexes{}));
}

TEST_F(TimersTest, one_that_came_may_be_armed_again_for_any_time) {
  timers.arm(Kind::part, 1, at(5));
  timers.arm(Kind::part, 1, at(2));
  EXPECT_EQ(due(at(2)), (Indexes{1}));
  timers.arm(Kind::part, 1, at(7));
  EXPECT_EQ(due(at(6)), (Indexes{}));
  EXPECT_EQ(due(at(7)), (Indexes{1}));
}

TEST_F(TimersTest, kinds_with_one_index_are_owners_of_their_own) {
  timers.arm(Kind::part, 1, at(1));
  timers.arm(Kind::queue, 1, at(2));
  const auto first = timers.pop(at(3));
  const auto second = timers.pop(at(3));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->kind, Kind::part);
  EXPECT_EQ(second->kind, Kind::queue);
}

TEST_F(TimersTest, an_index_may_hold_a_sink_and_its_queue) {
  const uint64_t index = uint64_t{3} << 32 | 70'000;
  timers.arm(Kind::queue, index, at(1));
  EXPECT_EQ(due(at(1)), (Indexes{index}));
}

TEST_F(TimersTest, never_does_not_count) {
  timers.arm(Kind::save, 0, Instant::never());
  EXPECT_EQ(timers.next(), Instant::never());
  timers.arm(Kind::save, 0, at(4));
  EXPECT_EQ(timers.next(), at(4));
}

// Fault 6d: a timer for each step while saving waited.
TEST_F(TimersTest, what_no_longer_counts_takes_no_memory) {
  for (int64_t i = 0; i < 1'000'000; ++i) {
    timers.arm(Kind::save, 0, at(2'000'000 - i));
  }
  size_t entries = 0;  // that pop() throws away, or gives
  EXPECT_EQ(due(at(1'000'001)), (Indexes{0}));
  while (timers.next() != Instant::never()) {
    const Instant next = timers.next();
    EXPECT_EQ(timers.pop(next), std::nullopt);
    ++entries;
  }
  EXPECT_LE(entries, 200U);
}

TEST_F(TimersTest, throwing_stale_entries_away_keeps_every_owner) {
  for (uint64_t owner = 0; owner < 50; ++owner) {
    for (int64_t i = 0; i < 100; ++i) {
      timers.arm(Kind::part, owner, at(1'000 - 10 * i + static_cast<int64_t>(owner)));
    }
  }
  const std::vector<uint64_t> all = due(at(2'000));
  ASSERT_EQ(all.size(), 50U);
  for (uint64_t owner = 0; owner < 50; ++owner) {
    EXPECT_EQ(all[owner], owner);
  }
}

}  // namespace
}  // namespace penstock::engine
