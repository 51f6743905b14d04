// What waits for the dead letters: in order, one write at a time, until it is durable.
#include "engine/rejected.h"

#include <gtest/gtest.h>

#include <vector>

namespace penstock::engine {
namespace {

struct RejectedTest : testing::Test {
  RejectedTest() {
    spec.has_dead_letter = true;
    chunk.block = std::make_shared<EventBlock>();
    chunk.block->events.resize(1'000);
    chunk.read.position = "behind it all";
    EXPECT_TRUE(parts.discovered(std::vector<Part>{{.id = "log"}}, now));
    for (Event& event : chunk.block->events) {
      event.id = chunk.block->arena.copy(std::to_string(&event - chunk.block->events.data()));
    }
  }
  void bury(uint32_t from, uint32_t until) {
    for (uint32_t i = from; i < until; ++i) {
      rejected.bury({.item = {.chunk = &chunk, .index = i, .bytes = 0, .key = {}},
                     .sink = "out",
                     .error = "no such column"});
    }
  }
  using Indexes = std::vector<uint32_t>;
  static Indexes numbers(const action::WriteLetters& write) {
    Indexes numbers;
    for (const DeadLetter& letter : write.letters) {
      numbers.push_back(static_cast<uint32_t>(std::stoul(std::string(letter.event->id))));
    }
    return numbers;
  }
  static Indexes range(uint32_t from, uint32_t until) {
    Indexes indexes;
    for (uint32_t i = from; i < until; ++i) {
      indexes.push_back(i);
    }
    return indexes;
  }

  Instant now{Duration{1s}};
  PipelineSpec spec;
  Timers timers;
  Notices notices;
  Parts parts{spec, timers, notices};
  Rejected rejected{spec, timers, notices};
  Chunk chunk;
  std::vector<Letter> durable;  // of the last write
};

TEST_F(RejectedTest, they_are_written_in_order_a_hundred_at_a_time) {
  bury(0, 250);
  Indexes all;
  std::vector<size_t> sizes;
  while (rejected.has_next(now)) {
    const auto write = rejected.next_write(parts);
    sizes.push_back(write.letters.size());
    for (const uint32_t number : numbers(write)) {
      all.push_back(number);
    }
    ASSERT_TRUE(rejected.written({}, now, durable));
    EXPECT_EQ(durable.size(), write.letters.size());
  }
  EXPECT_EQ(sizes, (std::vector<size_t>{100, 100, 50}));
  EXPECT_EQ(all, range(0, 250));
}

TEST_F(RejectedTest, one_write_is_under_way_at_a_time) {
  bury(0, 150);
  rejected.next_write(parts);
  EXPECT_FALSE(rejected.has_next(now));
  EXPECT_TRUE(rejected.written({}, now, durable));
  EXPECT_TRUE(rejected.has_next(now));
}

TEST_F(RejectedTest, a_letter_says_what_is_needed_to_see_why) {
  rejected.bury({.item = {.chunk = &chunk, .index = 7, .bytes = 0, .key = {}},
                 .sink = "out",
                 .error = "an earlier change of this key was rejected",
                 .is_quarantined = true});
  const auto write = rejected.next_write(parts);
  ASSERT_EQ(write.letters.size(), 1U);
  const DeadLetter& letter = write.letters[0];
  EXPECT_EQ(letter.event->id, "7");
  EXPECT_EQ(letter.sink, "out");
  EXPECT_EQ(letter.error, "an earlier change of this key was rejected");
  EXPECT_EQ(letter.part, "log");
  EXPECT_EQ(letter.position, "behind it all");
  EXPECT_TRUE(letter.quarantined);
  ASSERT_EQ(write.blocks.size(), 1U);
  EXPECT_EQ(write.blocks[0], chunk.block) << "the event outlives its chunk's compaction";
}

TEST_F(RejectedTest, what_could_not_be_written_is_tried_again_in_its_place) {
  bury(0, 3);
  rejected.next_write(parts);
  bury(3, 5);
  ASSERT_TRUE(rejected.written(transient("the disk is full"), now, durable));
  EXPECT_TRUE(durable.empty()) << "nothing of it may be settled (I1)";
  EXPECT_FALSE(rejected.has_next(now));
  ASSERT_NE(rejected.failing(), nullptr);
  EXPECT_EQ(rejected.failing()->text(now),
            "waits for the dead letters since 0 s: the disk is full");
  now = timers.next();
  ASSERT_NE(now, Instant::never());
  EXPECT_TRUE(rejected.has_next(now));
  EXPECT_EQ(numbers(rejected.next_write(parts)), range(0, 5));
  ASSERT_TRUE(rejected.written({}, now, durable));
  EXPECT_EQ(durable.size(), 5U);
  EXPECT_EQ(rejected.failing(), nullptr);
}

TEST_F(RejectedTest, a_store_that_a_person_must_mend_stops_the_pipeline) {
  bury(0, 3);
  rejected.next_write(parts);
  const Result<> answer = rejected.written(fatal("the file is damaged"), now, durable);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().what, "the dead letters: the file is damaged");
}

TEST_F(RejectedTest, a_store_that_is_not_there_yet_is_opened_later) {
  rejected.start();
  EXPECT_TRUE(rejected.asks_to_open());
  EXPECT_TRUE(rejected.opened(transient("not there"), now));
  EXPECT_FALSE(rejected.is_open());
  EXPECT_FALSE(rejected.asks_to_open());
  ASSERT_NE(timers.next(), Instant::never());
  rejected.open_timer();
  EXPECT_TRUE(rejected.asks_to_open());
  EXPECT_TRUE(rejected.opened({}, now));
  EXPECT_TRUE(rejected.is_open());
}

TEST_F(RejectedTest, without_a_store_nothing_is_opened) {
  spec.has_dead_letter = false;
  rejected.start();
  EXPECT_FALSE(rejected.asks_to_open());
  EXPECT_TRUE(rejected.is_open());
}

}  // namespace
}  // namespace penstock::engine
