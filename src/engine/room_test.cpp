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
    held.assign(parts, {});
    room.share_among(parts);
    for (const Holding& one : held) {
      room.add(one);
    }
  }
  void set(size_t part, Holding holding) {
    room.remove(held[part]);
    held[part] = holding;
    room.add(held[part]);
  }
  Limits limits;
  Room room{limits};
  std::vector<Holding> held;
};

TEST_F(RoomTest, the_total_is_the_sum_of_all_holdings) {
  share_among(3);
  Random random(1);
  for (int step = 0; step < 10'000; ++step) {
    set(random.below(3), {random.below(kBytes), random.below(kEvents)});
    Holding sum;
    for (const Holding& one : held) {
      sum.bytes += one.bytes;
      sum.events += one.events;
    }
    ASSERT_EQ(room.total().bytes, sum.bytes);
    ASSERT_EQ(room.total().events, sum.events);
  }
  for (size_t part = 0; part < 3; ++part) {
    set(part, {});
  }
  EXPECT_TRUE(room.is_empty());
  EXPECT_EQ(room.total().bytes, 0U);
  EXPECT_TRUE(room.fits({}, {kBytes / 2, kEvents / 2})) << "what went beyond the shares is back";
}

// I5, however parts take and give: as a part that fits what it asks for, the total stays within.
TEST_F(RoomTest, parts_that_take_only_what_fits_stay_within_the_limits_together) {
  for (const size_t parts : {1U, 2U, 7U, 100U}) {
    share_among(parts);
    Random random(parts);
    bool was_full = false;
    for (int step = 0; step < 20'000; ++step) {
      const size_t part = random.below(parts);
      const Holding more{random.below(kBytes / 10), random.below(kEvents / 10)};
      if (room.fits(held[part], more)) {
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
  set(0,
      {kBytes / 2 + kBytes / 6, kEvents / 2 + kEvents / 6});  // its share, and all that is common
  EXPECT_TRUE(room.is_beyond_share(held[0]));
  EXPECT_FALSE(room.fits(held[0], {1, 1}));
  EXPECT_TRUE(room.fits(held[1], {kBytes / 6, kEvents / 6}));
  EXPECT_FALSE(room.fits(held[1], {kBytes / 6 + 1, 0}));
  EXPECT_FALSE(room.fits(held[1], {0, kEvents / 6 + 1}));
}

TEST_F(RoomTest, one_share_is_left_for_a_part_to_come) {
  share_among(1);
  set(0, {kBytes * 3 / 4, kEvents * 3 / 4});
  EXPECT_FALSE(room.fits(held[0], {1, 0}));
  held.push_back({});
  room.share_among(2);
  for (const Holding& one : held) {
    room.add(one);
  }
  EXPECT_TRUE(room.fits(held[1], {kBytes / 6, kEvents / 6}));
}

TEST_F(RoomTest, where_not_even_a_good_read_fits_a_small_one_fits_a_share) {
  limits.in_flight_events = 100;
  limits.in_flight_bytes = 1 << 20;
  share_among(20);
  EXPECT_EQ(room.good_read().events, 64U);
  EXPECT_EQ(room.small_read().events, 2U);
  EXPECT_LE(room.small_read().bytes * 3, limits.in_flight_bytes / 42);
  EXPECT_TRUE(room.fits({}, Room::pinned_by(room.small_read())));
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
