// What waits for the dead letters: in order, one write at a time, until it is durable.
#include "engine/rejected.h"

#include <gtest/gtest.h>

#include <vector>

namespace penstock::engine {
namespace {

struct RejectedTest : testing::Test {
  RejectedTest() {
    out.name = "out";
    chunk.block = std::make_shared<EventBlock>();
    chunk.block->events.resize(1'000);
    chunk.read.position = "behind it all";
    EXPECT_TRUE(parts.discovered(std::vector<Part>{{.id = "log"}}, now));
    for (Event& event : chunk.block->events) {
      event.id = chunk.block->arena.copy(std::to_string(&event - chunk.block->events.data()));
    }
  }
  Item item(uint32_t index) { return {.chunk = &chunk, .index = index, .bytes = 0, .key = {}}; }
  void bury(uint32_t from, uint32_t until) {
    for (uint32_t i = from; i < until; ++i) {
      rejected.bury(item(i), out, "no such column", false);
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
  Common common{spec};
  Parts parts{common};
  Rejected rejected{common};
  Chunk chunk;
  SinkStatus out;
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
    durable.clear();
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
  rejected.bury(item(7), out, "an earlier change of this key was rejected", true);
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
  ASSERT_TRUE(rejected.outage().since());
  EXPECT_EQ(rejected.outage().text(now), "waits for the dead letters since 0 s: the disk is full");
  now = common.timers.next();
  ASSERT_NE(now, Instant::never());
  EXPECT_TRUE(rejected.has_next(now));
  EXPECT_EQ(numbers(rejected.next_write(parts)), range(0, 5));
  ASSERT_TRUE(rejected.written({}, now, durable));
  EXPECT_EQ(durable.size(), 5U);
  EXPECT_FALSE(rejected.outage().since());
}

TEST_F(RejectedTest, a_store_that_a_person_must_mend_stops_the_pipeline) {
  bury(0, 3);
  rejected.next_write(parts);
  const Result<> answer = rejected.written(fatal("the file is damaged"), now, durable);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().what, "the dead letters: the file is damaged");
}

}  // namespace
}  // namespace penstock::engine
