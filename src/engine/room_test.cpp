#include "engine/room.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"

namespace penstock::engine {
namespace {

constexpr size_t kBytes = size_t{8} << 20;
constexpr uint32_t kEvents = 1'200;

struct RoomTest : testing::Test {
  RoomTest() {
    limits.in_flight_bytes = kBytes;
    limits.in_flight_events = kEvents;
  }
  void share_among(size_t parts) {
    room.share_among(parts);
    held.assign(parts, {});
    for (uint32_t part = 0; part < parts; ++part) {
      set(part, {});
    }
  }
  void set(uint32_t part, Holding holding) {
    room.set(part, holding);
    held[part] = holding;
  }
  Limits limits;
  Room room{limits};
  std::vector<Holding> held;
};

TEST_F(RoomTest, the_total_is_the_sum_of_all_holdings) {
  share_among(3);
  Random random(1);
  for (int step = 0; step < 10'000; ++step) {
    set(static_cast<uint32_t>(random.below(3)), {random.below(kBytes), random.below(kEvents)});
    Holding sum;
    for (const Holding& one : held) {
      sum.bytes += one.bytes;
      sum.events += one.events;
    }
    ASSERT_EQ(room.total().bytes, sum.bytes);
    ASSERT_EQ(room.total().events, sum.events);
  }
  for (uint32_t part = 0; part < 3; ++part) {
    set(part, {});
  }
  EXPECT_TRUE(room.is_empty());
  EXPECT_EQ(room.total().bytes, 0U);
  EXPECT_TRUE(room.fits(0, {kBytes / 8 * 7, kEvents / 8 * 7}))
      << "what went beyond the shares is back";
}

// I5, however parts take and give: as a part that fits what it asks for, the total stays within.
TEST_F(RoomTest, parts_that_take_only_what_fits_stay_within_the_limits_together) {
  for (const size_t parts : {1U, 2U, 7U, 100U}) {
    share_among(parts);
    Random random(parts);
    bool was_full = false;
    for (int step = 0; step < 20'000; ++step) {
      const auto part = static_cast<uint32_t>(random.below(parts));
      const Holding more{random.below(kBytes / 10), random.below(kEvents / 10)};
      if (room.fits(part, more)) {
        set(part, {held[part].bytes + more.bytes, held[part].events + more.events});
      } else {
        was_full = true;
        set(part, {held[part].bytes / 2, held[part].events / 2});
      }
      ASSERT_LE(room.total().bytes, kBytes);
      ASSERT_LE(room.total().events, kEvents);
    }
    EXPECT_TRUE(was_full);
  }
}

TEST_F(RoomTest, a_part_that_is_stuck_never_takes_the_share_of_another) {
  share_among(2);
  const Holding share{kBytes / 24, kEvents / 24};
  set(0, {kBytes / 8 * 7 + share.bytes, kEvents / 8 * 7 + share.events});  // and all that is common
  EXPECT_EQ(room.next_beyond_share(), 0U);
  EXPECT_FALSE(room.fits(0, {1, 1}));
  EXPECT_TRUE(room.fits(1, share));
  EXPECT_FALSE(room.fits(1, {share.bytes + 1, 0}));
  EXPECT_FALSE(room.fits(1, {0, share.events + 1}));
}

TEST_F(RoomTest, a_share_of_very_many_parts_is_the_smallest_read) {
  share_among(5'000);
  EXPECT_TRUE(room.fits(0, Room::pinned_by(room.full_read()))) << "what is common is for any part";
  set(0, {kBytes / 8 * 7, 1});
  const Holding smallest = Room::pinned_by(room.smallest_read());
  EXPECT_EQ(smallest.events, 1U);
  uint32_t part = 1;
  for (; room.fits(part, smallest); ++part) {
    set(part, smallest);
  }
  EXPECT_EQ(part, std::min<size_t>(kBytes / 8 / smallest.bytes, kEvents - 1) + 1);
  EXPECT_LE(room.total().bytes, kBytes);
}

TEST_F(RoomTest, parts_beyond_their_share_are_named_in_turn_and_no_longer_once_they_are_within) {
  share_among(4);
  EXPECT_EQ(room.next_beyond_share(), std::nullopt);
  set(1, {kBytes / 4, 1});
  set(3, {1, kEvents / 4});
  EXPECT_EQ(room.next_beyond_share(), 1U);
  EXPECT_EQ(room.next_beyond_share(), 3U);
  EXPECT_EQ(room.next_beyond_share(), 1U);
  set(3, {1, 1});
  EXPECT_EQ(room.next_beyond_share(), 1U);
  EXPECT_EQ(room.next_beyond_share(), 1U);
  set(2, {kBytes / 41, 1});
  EXPECT_EQ(room.next_beyond_share(), 1U);
  room.share_among(20);  // shares become smaller
  EXPECT_EQ(room.next_beyond_share(), 1U);
  EXPECT_EQ(room.next_beyond_share(), 2U);
}

TEST_F(RoomTest, one_share_is_left_for_a_part_to_come) {
  share_among(1);
  set(0, {kBytes / 8 * 7 + kBytes / 16, kEvents / 8 * 7 + kEvents / 16});
  EXPECT_FALSE(room.fits(0, {1, 0}));
  room.share_among(2);
  EXPECT_TRUE(room.fits(1, {kBytes / 24, kEvents / 24}));
}

TEST_F(RoomTest, where_not_even_a_good_read_fits_a_small_one_fits_a_share) {
  limits.in_flight_events = 400;
  limits.in_flight_bytes = 4 << 20;
  share_among(20);
  EXPECT_EQ(room.full_read().events, limits.read_events);
  EXPECT_EQ(room.good_read().events, 64U);
  EXPECT_EQ(room.small_read(0).events, 2U);
  EXPECT_LE(room.small_read(0).bytes * 3, limits.in_flight_bytes / 8 / 21);
  EXPECT_TRUE(room.fits(0, Room::pinned_by(room.small_read(0))));
  set(0, {0, 1});
  EXPECT_EQ(room.small_read(0).events, 1U) << "what is left of its share";
  set(1, {limits.in_flight_bytes, limits.in_flight_events});
  EXPECT_FALSE(room.fits(0, Room::pinned_by(room.smallest_read())));
}

TEST_F(RoomTest, a_read_is_never_larger_than_one_is_to_be) {
  limits.read_events = 10;
  limits.read_bytes = 1000;
  share_among(1);
  EXPECT_EQ(room.good_read().events, 10U);
  EXPECT_EQ(room.good_read().bytes, 1000U);
}

}  // namespace
}  // namespace penstock::engine
