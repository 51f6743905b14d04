// What one lane does, without a pipeline around it: order of a key, batches, retries, bisecting.
#include "engine/lane.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>

namespace penstock::engine {
namespace {

struct LaneTest : testing::Test {
  LaneTest() {
    spec.batch_events = 4;
    spec.retry.initial = 10ms;
    spec.retry.max = 10ms;
    chunk.block = std::make_shared<EventBlock>();
    chunk.block->events.resize(100);
    lane = std::make_unique<Lane>(spec, quarantine, 1);
  }
  Item item(uint32_t index, uint64_t key) {
    return {&chunk, index, 10, key == 0 ? OrderKey{} : OrderKey{key, key}};
  }
  void push(std::initializer_list<std::pair<uint32_t, uint64_t>> items) {
    for (const auto& [index, key] : items) {
      lane->push(item(index, key), now);
    }
  }
  std::vector<uint32_t> take() {
    Taken taken = lane->take(now);
    batch = std::move(taken.batch);
    diverted = std::move(taken.diverted);
    std::vector<uint32_t> indexes;
    for (const Item& one : batch) {
      indexes.push_back(one.index);
    }
    return indexes;
  }
  bool finish(const std::map<size_t, Outcome::Kind>& failures = {}) {
    std::vector<Outcome> outcomes(batch.size());
    for (const auto& [index, kind] : failures) {
      outcomes[index].kind = kind;
    }
    const Item* item = lane->finish(now, batch, outcomes);
    exhausted = item == nullptr ? Item{} : *item;
    return item == nullptr;
  }
  using Indexes = std::vector<uint32_t>;
  static constexpr auto kFailed = Outcome::Kind::failed;

  SinkSpec spec;
  QuarantineSet quarantine;
  Chunk chunk;
  std::unique_ptr<Lane> lane;
  Instant now{Duration{1s}};
  std::vector<Item> batch, diverted;
  Item exhausted;
};

TEST_F(LaneTest, batch_never_repeats_a_key_and_repeats_come_next) {
  push({{0, 1}, {1, 2}, {2, 1}, {3, 3}});
  EXPECT_EQ(take(), (Indexes{0, 1, 3}));
  EXPECT_EQ(lane->ready_at(now, true), Instant::never());
  EXPECT_TRUE(finish());
  EXPECT_EQ(take(), (Indexes{2}));
}

TEST_F(LaneTest, events_without_a_key_repeat_nothing) {
  push({{0, 0}, {1, 0}, {2, 0}});
  EXPECT_EQ(take(), (Indexes{0, 1, 2}));
}

TEST_F(LaneTest, sink_that_keeps_order_gets_repeated_keys_in_one_batch) {
  spec.traits.writes_in_order = true;
  lane = std::make_unique<Lane>(spec, quarantine, 1);
  push({{0, 1}, {1, 1}, {2, 2}, {3, 1}});
  EXPECT_EQ(take(), (Indexes{0, 1, 2, 3}));
  // From the second on it failed: the key's events come again one behind the other.
  finish({{1, kFailed}, {3, kFailed}});
  EXPECT_GT(lane->ready_at(now, true), now);
  now = now + 20ms;
  EXPECT_EQ(take(), (Indexes{1}));
  finish();
  EXPECT_EQ(take(), (Indexes{3}));
}

TEST_F(LaneTest, parked_key_holds_its_later_events_and_no_others) {
  push({{0, 1}, {1, 2}});
  take();
  finish({{0, kFailed}});
  push({{2, 1}, {3, 2}});
  EXPECT_EQ(take(), (Indexes{3}));
  finish();
  now = now + 20ms;
  EXPECT_EQ(take(), (Indexes{0}));
  finish();
  EXPECT_EQ(take(), (Indexes{2}));
  finish();
  EXPECT_TRUE(lane->empty());
}

TEST_F(LaneTest, key_that_failed_alone_is_retried_alone) {
  push({{0, 1}});
  take();
  finish({{0, kFailed}});
  now = now + 20ms;
  push({{1, 2}, {2, 3}});
  EXPECT_EQ(take(), (Indexes{0}));
}

TEST_F(LaneTest, rejected_batch_is_sent_in_halves_in_order) {
  push({{0, 1}, {1, 2}, {2, 3}, {3, 4}});
  take();
  lane->bisect(batch);
  EXPECT_EQ(take(), (Indexes{0, 1}));
  lane->bisect(batch);
  EXPECT_EQ(take(), (Indexes{0}));
  finish();
  EXPECT_EQ(take(), (Indexes{1, 2}));
  finish();
  EXPECT_EQ(take(), (Indexes{3}));
}

TEST_F(LaneTest, piece_of_a_parked_key_waits_behind_it) {
  spec.traits.writes_in_order = true;
  lane = std::make_unique<Lane>(spec, quarantine, 1);
  push({{0, 1}, {1, 2}, {2, 1}, {3, 3}});
  take();
  lane->bisect(batch);
  take();
  finish({{0, kFailed}});
  EXPECT_EQ(take(), (Indexes{3}));
  finish();
  now = now + 20ms;
  EXPECT_EQ(take(), (Indexes{0}));
}

TEST_F(LaneTest, batches_grow_again_once_the_culprit_stood_alone) {
  push({{0, 1}, {1, 2}, {2, 3}, {3, 4}});
  take();
  lane->bisect(batch);
  take();
  lane->bisect(batch);
  EXPECT_EQ(take(), (Indexes{0}));
  finish({{0, Outcome::Kind::rejected}});
  EXPECT_EQ(take(), (Indexes{1}));
  finish();
  EXPECT_EQ(take(), (Indexes{2, 3}));
  finish();
  push({{4, 1}, {5, 2}, {6, 3}, {7, 4}});
  EXPECT_EQ(take(), (Indexes{4, 5, 6, 7}));
}

TEST_F(LaneTest, later_event_of_a_key_waits_behind_its_rejected_batch) {
  push({{0, 1}, {1, 2}, {2, 1}});
  EXPECT_EQ(take(), (Indexes{0, 1}));
  lane->bisect(batch);
  push({{3, 1}, {4, 2}});
  EXPECT_EQ(take(), (Indexes{0}));
  finish();
  EXPECT_EQ(take(), (Indexes{2, 1}));
}

TEST_F(LaneTest, batch_waits_until_full_or_old_or_flushed) {
  spec.batch_wait = 50ms;
  lane = std::make_unique<Lane>(spec, quarantine, 1);
  push({{0, 1}});
  EXPECT_EQ(lane->ready_at(now, false), now + 50ms);
  EXPECT_EQ(lane->ready_at(now, true), now);
  push({{1, 2}, {2, 3}, {3, 4}});
  EXPECT_EQ(lane->ready_at(now, false), now);
}

TEST_F(LaneTest, batch_is_cut_at_bytes_but_one_large_event_passes) {
  spec.batch_bytes = 25;
  lane = std::make_unique<Lane>(spec, quarantine, 1);
  push({{0, 1}, {1, 2}, {2, 3}});
  EXPECT_EQ(take(), (Indexes{0, 1}));
  finish();
  spec.batch_bytes = 5;
  EXPECT_EQ(take(), (Indexes{2}));
}

TEST_F(LaneTest, object_ends_at_a_cut) {
  spec.traits.folders = true;
  lane = std::make_unique<Lane>(spec, quarantine, 1);
  push({{0, 1}, {1, 1}});
  lane->cut();
  push({{2, 1}});
  EXPECT_EQ(take(), (Indexes{0, 1}));
  finish();
  EXPECT_EQ(take(), (Indexes{2}));
}

TEST_F(LaneTest, object_ends_at_a_cut_behind_a_write_that_failed) {
  spec.traits.folders = true;
  lane = std::make_unique<Lane>(spec, quarantine, 1);
  push({{0, 1}});
  take();
  push({{1, 1}});
  lane->cut();
  push({{2, 1}});
  finish({{0, kFailed}});
  EXPECT_EQ(take(), Indexes{});
  now = now + 20ms;
  EXPECT_EQ(take(), (Indexes{0}));
  finish();
  EXPECT_EQ(take(), (Indexes{1}));
  finish();
  EXPECT_EQ(take(), (Indexes{2}));
}

TEST_F(LaneTest, lake_repeats_exactly_the_write_that_failed) {
  spec.traits.folders = true;
  lane = std::make_unique<Lane>(spec, quarantine, 1);
  push({{0, 1}, {1, 1}});
  take();
  finish({{0, kFailed}, {1, kFailed}});
  push({{2, 1}});
  now = now + 20ms;
  EXPECT_EQ(take(), (Indexes{0, 1}));
  finish();
  EXPECT_EQ(take(), (Indexes{2}));
}

TEST_F(LaneTest, quarantined_key_is_diverted_wherever_it_waits) {
  push({{0, 1}, {1, 2}, {2, 1}});
  take();
  finish({{0, Outcome::Kind::rejected}});
  quarantine.insert(OrderKey{1, 1});
  push({{3, 1}, {4, 3}});
  EXPECT_EQ(take(), (Indexes{4}));
  ASSERT_EQ(diverted.size(), 2U);
  EXPECT_EQ(diverted[0].index, 2U);
  EXPECT_EQ(diverted[1].index, 3U);
}

TEST_F(LaneTest, used_up_retries_name_the_event) {
  spec.retry.attempts = 1;
  lane = std::make_unique<Lane>(spec, quarantine, 1);
  push({{7, 1}});
  take();
  EXPECT_TRUE(finish({{0, kFailed}}));
  now = now + 20ms;
  take();
  EXPECT_FALSE(finish({{0, kFailed}}));
  EXPECT_EQ(exhausted.index, 7U);
}

TEST_F(LaneTest, lane_that_fails_as_a_whole_pauses) {
  for (uint32_t i = 0; i < 8; ++i) {
    push({{i, i + 1}});
  }
  for (int i = 0; i < 2; ++i) {
    take();
    finish({{0, kFailed}, {1, kFailed}, {2, kFailed}, {3, kFailed}});
    lane->failed_whole(now, batch, std::nullopt);
  }
  push({{9, 20}});
  EXPECT_GT(lane->ready_at(now, true), now);
}

}  // namespace
}  // namespace penstock::engine
