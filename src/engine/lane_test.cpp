// What one lane does, without a pipeline around it: order of a key, batches, retries, bisecting.
#include "engine/lane.h"

#include <malloc.h>

#include <algorithm>

#include "engine/test_queue.h"

namespace penstock::engine {
namespace {

size_t memory_in_use() {
  const auto memory = mallinfo2();
  return memory.uordblks + memory.hblkhd;
}

struct LaneTest : QueueTest {
  LaneTest() { make(); }
  void make() { queue = std::make_unique<Lane>(spec, quarantine, failing, 1); }
};

TEST_F(LaneTest, batch_never_repeats_a_key_and_repeats_come_next) {
  push({{0, 1}, {1, 2}, {2, 1}, {3, 3}});
  EXPECT_EQ(take(), (Indexes{0, 1, 3}));
  EXPECT_TRUE(queue->in_flight());
  EXPECT_TRUE(finish());
  EXPECT_EQ(take(), (Indexes{2}));
}

TEST_F(LaneTest, events_without_a_key_repeat_nothing) {
  push({{0, 0}, {1, 0}, {2, 0}});
  EXPECT_EQ(take(), (Indexes{0, 1, 2}));
}

TEST_F(LaneTest, sink_that_keeps_order_gets_repeated_keys_in_one_batch) {
  spec.traits.writes_in_order = true;
  make();
  push({{0, 1}, {1, 1}, {2, 2}, {3, 1}});
  EXPECT_EQ(take(), (Indexes{0, 1, 2, 3}));
  // From the second on it failed: the key's events come again one behind the other.
  finish({{1, kFailed}, {3, kFailed}});
  EXPECT_GT(queue->ready_at(now, true), now);
  now = now + 20ms;
  EXPECT_EQ(take(), (Indexes{1}));
  finish();
  EXPECT_EQ(take(), (Indexes{3}));
}

TEST_F(LaneTest, what_the_sink_held_back_comes_next_and_counts_as_no_failure) {
  spec.traits.writes_in_order = true;
  spec.retry.attempts = 0;
  make();
  push({{0, 1}, {1, 1}, {2, 2}, {3, 1}});
  take();
  push({{4, 1}});
  EXPECT_TRUE(finish({{0, kRejected}, {1, kHeldBack}, {3, kHeldBack}}));
  EXPECT_EQ(queue->queued(), 3U);
  EXPECT_EQ(take(), (Indexes{1, 3, 4})) << "at once, and in their order";
}

TEST_F(LaneTest, what_was_held_back_follows_its_key_into_quarantine) {
  spec.traits.writes_in_order = true;
  make();
  push({{0, 1}, {1, 1}, {2, 2}});
  take();
  finish({{0, kRejected}, {1, kHeldBack}});
  quarantine_key(1);
  EXPECT_EQ(take(), (Indexes{}));
  EXPECT_EQ(indexes_of(diverted), (Indexes{1}));
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
  EXPECT_EQ(queue->queued(), 0U);
}

TEST_F(LaneTest, key_that_failed_alone_is_retried_alone) {
  push({{0, 1}});
  take();
  finish({{0, kFailed}});
  now = now + 20ms;
  push({{1, 2}, {2, 3}});
  EXPECT_EQ(take(), (Indexes{0}));
}

TEST_F(LaneTest, key_that_failed_alone_is_retried_alone_though_others_are_due) {
  push({{0, 1}});
  take();
  finish({{0, kFailed}});
  push({{1, 2}, {2, 3}, {3, 4}});
  take();
  finish({{1, kFailed}, {2, kFailed}});  // two may be retried together
  now = now + 20ms;
  for (uint32_t retried = 0; retried < 3; retried += static_cast<uint32_t>(batch.size())) {
    const Indexes taken = take();
    ASSERT_FALSE(taken.empty());
    EXPECT_TRUE(taken == Indexes{0} || std::ranges::find(taken, 0U) == taken.end());
    finish();
  }
}

TEST_F(LaneTest, after_a_success_the_back_off_of_a_key_begins_anew) {
  spec.retry.max = 1h;
  make();
  push({{0, 1}, {1, 1}});
  for (int i = 0; i < 12; ++i) {
    now = now + 1h;
    EXPECT_EQ(take(), Indexes{0});
    finish_all(kFailed);
  }
  now = now + 1h;
  take();
  finish();
  EXPECT_EQ(take(), Indexes{1});
  finish_all(kFailed);
  EXPECT_LE(queue->ready_at(now, true), now + spec.retry.initial);
}

TEST_F(LaneTest, rejected_batch_is_sent_in_halves_in_order) {
  push({{0, 1}, {1, 2}, {2, 3}, {3, 4}});
  take();
  queue->bisect(batch);
  EXPECT_EQ(take(), (Indexes{0, 1}));
  queue->bisect(batch);
  EXPECT_EQ(take(), (Indexes{0}));
  finish();
  EXPECT_EQ(take(), (Indexes{1, 2}));
  finish();
  EXPECT_EQ(take(), (Indexes{3}));
}

TEST_F(LaneTest, piece_of_a_parked_key_waits_behind_it) {
  spec.traits.writes_in_order = true;
  make();
  push({{0, 1}, {1, 2}, {2, 1}, {3, 3}});
  take();
  queue->bisect(batch);
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
  queue->bisect(batch);
  take();
  queue->bisect(batch);
  EXPECT_EQ(take(), (Indexes{0}));
  finish({{0, Outcome::rejected}});
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
  queue->bisect(batch);
  push({{3, 1}, {4, 2}});
  EXPECT_EQ(take(), (Indexes{0}));
  finish();
  EXPECT_EQ(take(), (Indexes{2, 1}));
}

TEST_F(LaneTest, batch_waits_until_full_or_old_or_flushed) {
  spec.batch_wait = 50ms;
  make();
  push({{0, 1}});
  EXPECT_EQ(queue->ready_at(now, false), now + 50ms);
  EXPECT_EQ(queue->ready_at(now, true), now);
  push({{1, 2}, {2, 3}, {3, 4}});
  EXPECT_EQ(queue->ready_at(now, false), now);
}

TEST_F(LaneTest, batch_is_cut_at_bytes_but_one_large_event_passes) {
  spec.batch_bytes = 25;
  make();
  push({{0, 1}, {1, 2}, {2, 3}});
  EXPECT_EQ(take(), (Indexes{0, 1}));
  finish();
  spec.batch_bytes = 5;
  EXPECT_EQ(take(), (Indexes{2}));
}

TEST_F(LaneTest, quarantined_key_is_diverted_wherever_it_waits) {
  push({{0, 1}, {1, 2}, {2, 1}});
  take();
  finish({{0, Outcome::rejected}});
  quarantine.insert(event_with(OrderKey{1, 1}));
  push({{3, 1}, {4, 3}});
  EXPECT_EQ(take(), (Indexes{4}));
  ASSERT_EQ(diverted.size(), 2U);
  EXPECT_EQ(diverted[0].index, 2U);
  EXPECT_EQ(diverted[1].index, 3U);
}

TEST_F(LaneTest, used_up_retries_name_the_event) {
  spec.retry.attempts = 1;
  make();
  push({{7, 1}});
  take();
  EXPECT_TRUE(finish({{0, kFailed}}));
  now = now + 20ms;
  take();
  EXPECT_FALSE(finish({{0, kFailed}}));
  EXPECT_EQ(exhausted.index, 7U);
}

// Fault 7: forty keys that fail again and again kept the others waiting until the batch was full.
TEST_F(LaneTest, keys_retried_faster_than_the_wait_do_not_keep_the_others_waiting) {
  spec.batch_wait = 2s;
  spec.batch_events = 500;
  make();
  for (uint32_t i = 0; i < 40; ++i) {
    push({{i, i + 1}});
  }
  now = now + 2s;
  take(false);
  finish_all(kFailed);
  chunk.arrived = now;
  push({{50, 100}});
  const Instant due = now + 2s;
  uint32_t retries = 0;
  while (queue->ready_at(now, false) != Instant::never() && now < due + 1s) {
    now = std::max(now, queue->ready_at(now, false));
    const Indexes taken = take(false);
    if (std::ranges::find(taken, 50U) != taken.end()) {
      break;
    }
    ++retries;
    finish_all(kFailed);
  }
  EXPECT_GT(retries, 100U);
  EXPECT_GE(now, due) << "no sooner than it waited";
  EXPECT_LE(now, due + 10ms);
}

TEST_F(LaneTest, retries_and_what_has_not_failed_take_turns) {
  spec.batch_events = 1;
  spec.retry.initial = spec.retry.max = 1ns;  // always due
  make();
  push({{0, 1}});
  take();
  finish_all(kFailed);
  push({{1, 2}, {2, 3}, {3, 4}});
  Indexes order;
  while (queue->queued() > 0 && order.size() < 20) {
    now = now + 1ms;
    const Indexes taken = take();
    order.insert(order.end(), taken.begin(), taken.end());
    finish_all(taken == Indexes{0} && order.size() < 6 ? kFailed : Outcome::durable);
  }
  EXPECT_EQ(order, (Indexes{0, 1, 0, 2, 0, 3, 0}));
}

// Fault 8: they got invented keys, and these went into the checkpoint.
TEST_F(LaneTest, retries_keep_to_the_bytes_of_a_batch) {
  spec.batch_events = 50;
  spec.batch_bytes = 20;  // two items of 10
  make();
  for (uint32_t i = 0; i < 20; ++i) {
    queue->push(item(i, i + 1));
  }
  for (int i = 0; i < 10; ++i) {
    take();
    finish({{1, kFailed}});
  }
  now = now + 20ms;
  EXPECT_EQ(take().size(), 2U);
}

TEST_F(LaneTest, a_probe_tries_what_was_never_tried_before_what_failed) {
  push({{0, 1}});
  take();
  finish_all(kFailed);
  now = now + 20ms;
  push({{1, 2}});
  Taken taken;
  queue->take(now, true, true, taken);
  EXPECT_EQ(indexes_of(taken.batch), (Indexes{1}));
}

TEST_F(LaneTest, events_without_a_key_are_never_quarantined) {
  push({{0, 0}});
  take();
  EXPECT_FALSE(quarantine.insert(batch[0].event()));
  finish({{0, kRejected}});
  EXPECT_TRUE(quarantine.empty());
  push({{1, 0}, {2, 0}});
  EXPECT_EQ(take(), (Indexes{1, 2}));
  EXPECT_TRUE(diverted.empty());
}

TEST_F(LaneTest, quarantine_goes_by_the_event_and_not_by_the_sinks_order_key) {
  Item first = item(0, 1);
  Item second = item(1, 2);
  first.key = second.key = key_of(99);  // one stream for both at this sink
  quarantine.insert(event_with(key_of(1)));
  queue->push(first);
  queue->push(second);
  EXPECT_EQ(take(), (Indexes{1}));
  EXPECT_EQ(indexes_of(diverted), (Indexes{0}));
}

TEST_F(LaneTest, an_event_barred_before_it_came_is_diverted_in_its_turn) {
  push({{0, 1}});
  Item barred = item(1, 1);
  barred.is_barred = true;
  queue->push(barred);
  EXPECT_EQ(take(), (Indexes{0}));
  EXPECT_TRUE(diverted.empty());
  finish();
  EXPECT_EQ(take(), (Indexes{}));
  EXPECT_EQ(indexes_of(diverted), (Indexes{1}));
  EXPECT_FALSE(queue->in_flight());
  EXPECT_EQ(queue->queued(), 0U);
}

TEST_F(LaneTest, a_parked_key_that_is_quarantined_is_diverted_with_all_behind_it) {
  push({{0, 1}, {1, 2}});
  take();
  finish({{0, kFailed}});
  push({{2, 1}});
  quarantine.insert(event_with(key_of(1)));
  now = now + 20ms;
  EXPECT_EQ(take(), (Indexes{}));
  EXPECT_EQ(indexes_of(diverted), (Indexes{0, 2}));
  EXPECT_EQ(queue->queued(), 0U);
  EXPECT_TRUE(failing.empty()) << "nothing is being tried any more";
}

TEST_F(LaneTest, a_sink_that_works_again_lets_every_parked_key_go_at_once) {
  spec.retry.initial = spec.retry.max = 1h;
  make();
  push({{0, 1}, {1, 2}, {2, 3}});
  take();
  finish_all(kFailed);
  EXPECT_EQ(queue->parked_keys(), 3U);
  EXPECT_EQ(*failing.begin(), now);
  queue->retry_now(now);
  Indexes order;
  while (queue->queued() > 0 && order.size() < 10) {
    EXPECT_LE(queue->ready_at(now, false), now);
    const Indexes taken = take();
    order.insert(order.end(), taken.begin(), taken.end());
    finish();
  }
  std::ranges::sort(order);
  EXPECT_EQ(order, (Indexes{0, 1, 2}));
  EXPECT_EQ(queue->parked_keys(), 0U);
  EXPECT_TRUE(failing.empty());
}

TEST_F(LaneTest, a_key_waits_as_long_as_the_sink_asks) {
  push({{0, 1}, {1, 2}});
  take();
  asked = 30s;
  finish({{0, kFailed}});
  EXPECT_EQ(queue->ready_at(now, true), now + 30s);
}

TEST_F(LaneTest, a_retry_of_one_key_alone_tells_that_it_failed_before) {
  push({{0, 1}});
  take();
  finish_all(kFailed);
  EXPECT_FALSE(finished.failed_before);
  now = now + 20ms;
  take();
  finish_all(kFailed);
  EXPECT_TRUE(finished.failed_before);
}

TEST_F(LaneTest, retries_are_used_up_by_time_too) {
  spec.retry.give_up_after = 1min;
  make();
  push({{5, 1}});
  take();
  EXPECT_TRUE(finish_all(kFailed));
  now = now + 59s;
  take();
  EXPECT_TRUE(finish_all(kFailed));
  now = now + 1s;
  take();
  EXPECT_FALSE(finish_all(kFailed));
  EXPECT_EQ(exhausted.index, 5U);
}

// A thousand lanes of a sink with large batches, each with one event at a time.
TEST_F(LaneTest, memory_of_a_batch_goes_by_what_is_in_it_and_not_by_batch_events) {
  spec.batch_events = 10'000'000;
  make();
  push({{0, 1}});
  const size_t before = memory_in_use();
  take();
  EXPECT_LT(memory_in_use(), before + (size_t{1} << 20));
}

using LaneDeathTest = LaneTest;

TEST_F(LaneDeathTest, a_lane_has_one_write_in_flight) {
  push({{0, 1}, {1, 1}});
  take();
  Taken taken;
  EXPECT_DEATH(queue->take(now, true, false, taken), "in_flight");
}

}  // namespace
}  // namespace penstock::engine
