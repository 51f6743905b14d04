// The lanes of a sink: when they write, and what an answer means for all of them.
#include "engine/test_sink_queue.h"

namespace penstock::engine {
namespace {

// Fault 15a: retries were per key, 44,000 requests in these five seconds.
TEST_F(SinkQueueTest, a_sink_that_takes_nothing_gets_a_few_probes_whatever_waits) {
  make();
  push_keys(20'000);
  EXPECT_TRUE(run(now + 5s, down));
  EXPECT_LE(writes, 30U);
  EXPECT_GE(writes, 5U) << "it is to be seen within a second that it works again";
}

TEST_F(SinkQueueTest, a_batch_counts_as_written_where_an_event_of_it_is_durable) {
  make();
  push_keys(3);
  const Error locked{Error::Kind::transient, "locked", std::nullopt};
  auto task = next();
  ASSERT_TRUE(task && task->items.size() == 3);
  answer(*task, std::vector<Failure>{{0, locked}, {1, locked}});
  EXPECT_EQ(sink->counts().batches, 1U) << "one event is durable";
  now = now + 1min;
  task = next();
  ASSERT_TRUE(task);
  std::vector<Failure> all;
  for (uint32_t i = 0; i < task->items.size(); ++i) {
    all.push_back({i, locked});
  }
  answer(*task, all);
  EXPECT_EQ(sink->counts().batches, 1U) << "nothing is durable";
}

TEST_F(SinkQueueTest, lanes_that_find_it_down_together_leave_one_probe_between_them) {
  spec.lanes = 8;
  make();
  push_keys(20'000);
  EXPECT_TRUE(run(now + 5s, down));
  EXPECT_LE(writes, 8U + 30U);
  const uint32_t before = writes;
  EXPECT_TRUE(run(now + 60s, down));
  EXPECT_LE(writes - before, 300U);
  EXPECT_GE(writes - before, 59U);
}

TEST_F(SinkQueueTest, one_probe_is_under_way_at_a_time) {
  spec.lanes = 4;
  spec.retry.initial = spec.retry.max = 1ns;
  make();
  push_keys(4'000);
  const auto first = next();
  const auto second = next();
  ASSERT_TRUE(first && second) << "it works: all lanes write";
  EXPECT_FALSE(first->is_probe);
  answer(*first, down(*first));
  answer(*second, down(*second));
  now = now + 1s;
  const auto probe = next();
  ASSERT_TRUE(probe);
  EXPECT_TRUE(probe->is_probe);
  now = now + 10s;
  EXPECT_EQ(next(), nullptr);
  answer(*probe);
  EXPECT_NE(next(), nullptr);
  EXPECT_NE(next(), nullptr);
}

TEST_F(SinkQueueTest, the_first_success_lets_all_go_at_once) {
  spec.lanes = 4;
  spec.retry.initial = spec.retry.max = 10min;
  make();
  push_keys(20'000);
  const Instant works_at = now + 5s;
  EXPECT_TRUE(run(works_at - 1ns, down));
  EXPECT_TRUE(delivered.empty());
  EXPECT_TRUE(run(works_at + 1s, ok));
  ASSERT_EQ(delivered.size(), 20'000U);
  EXPECT_EQ(delivered.front().second, delivered.back().second) << "no key waits for its own retry";
  EXPECT_EQ(sink->status(now).parked_keys, 0U);
  EXPECT_EQ(sink->status(now).failing, std::nullopt);
}

TEST_F(SinkQueueTest, a_retry_after_of_the_whole_pauses_the_sink) {
  spec.lanes = 4;
  make();
  push_keys(20'000);
  std::vector<Instant> at;
  EXPECT_TRUE(run(now + 5s, [&](const WriteTask&) -> Written {
    at.push_back(now);
    return std::unexpected(throttle(2s));
  }));
  ASSERT_EQ(at.size(), 3U);
  EXPECT_EQ(at[1] - at[0], 2s);
  EXPECT_EQ(at[2] - at[1], 2s);
}

TEST_F(SinkQueueTest, a_throttle_of_some_events_pauses_the_sink_too) {
  spec.batch_events = 10;
  make();
  push_keys(100);
  const auto task = next();
  ASSERT_TRUE(task);
  answer(*task, std::vector<Failure>{{3, throttle(2s)}, {4, throttle(5s)}, {5, throttle(1s)}});
  EXPECT_EQ(delivered.size(), 7U);
  EXPECT_EQ(next(), nullptr);
  now = now + 5s - 1ns;
  EXPECT_EQ(next(), nullptr);
  now = now + 1ns;
  EXPECT_NE(next(), nullptr);
}

TEST_F(SinkQueueTest, a_success_of_a_write_that_was_under_way_does_not_end_the_pause_it_asked_for) {
  spec.lanes = 2;
  spec.batch_events = 10;
  make();
  push_keys(100);
  const auto first = next();
  const auto second = next();
  ASSERT_TRUE(first && second);
  answer(*first, std::unexpected(throttle(30s)));
  answer(*second);
  EXPECT_EQ(next(), nullptr);
  now = now + 30s - 1ns;
  EXPECT_EQ(next(), nullptr);
  now = now + 1ns;
  EXPECT_NE(next(), nullptr);
}

TEST_F(SinkQueueTest, a_sink_cannot_ask_for_a_pause_without_end) {
  make();
  push_keys(10);
  const auto task = next();
  answer(*task, std::unexpected(throttle(24h * 365)));
  now = now + 1h;
  EXPECT_NE(next(), nullptr);
}

TEST_F(SinkQueueTest, poison_keys_beside_good_ones_do_not_stop_the_good_ones) {
  spec.batch_events = 10;
  make();
  const auto poison = [](const WriteTask& task) -> Written {
    std::vector<Failure> failures;
    for (uint32_t i = 0; i < task.items.size(); ++i) {
      if (task.items[i].index < 40) {
        failures.push_back({i, {Error::Kind::transient, "not this one", {}}});
      }
    }
    return failures;
  };
  for (uint32_t i = 0; i < 1'000; ++i) {
    if (i < 40) {
      push(i, i + 1);
    }
    push(100 + i, 100 + i);
    const Instant pushed = now;
    ASSERT_TRUE(run(now + 10ms, poison));
    ASSERT_EQ(delivered.size(), i + 1) << "event " << i;
    ASSERT_EQ(delivered.back().second, pushed) << "event " << i;
  }
  EXPECT_EQ(sink->status(now).parked_keys + sink->status(now).queued, 80U);
}

// Until others come it looks as if the sink were down, and is probed.
TEST_F(SinkQueueTest, a_key_that_fails_alone_again_and_again_holds_the_others_for_a_probe_at_most) {
  make();
  push(0, 1);
  const auto poison = [](const WriteTask& task) -> Written {
    return task.items[0].index == 0 ? down(task) : ok(task);
  };
  ASSERT_TRUE(run(now + 5min, poison));
  const Instant pushed = now;
  push(1, 2);
  push(2, 3);
  ASSERT_TRUE(run(now + 2s, poison));
  ASSERT_EQ(delivered.size(), 2U);
  EXPECT_LE(delivered.back().second, pushed + 2s);
}

// A shard of the target is down, and its keys came first.
TEST_F(SinkQueueTest, many_keys_that_fail_do_not_keep_others_from_being_tried) {
  spec.batch_events = 1;
  spec.lanes = 8;
  make();
  push_keys(2'300);
  const auto shard = [](const WriteTask& task) -> Written {
    return task.items[0].index < 300 ? down(task) : ok(task);
  };
  ASSERT_TRUE(run(now + 90s, shard));
  EXPECT_EQ(delivered.size(), 2'000U);
  const uint32_t before = writes;
  ASSERT_TRUE(run(now + 60s, shard));
  EXPECT_LE(writes - before, 3'000U) << "the others do not fail without a pause";
}

TEST_F(SinkQueueTest, one_success_among_many_failures_starts_no_storm) {
  spec.batch_events = 1;
  spec.lanes = 8;
  make();
  push_keys(20'000);
  ASSERT_TRUE(run(now + 5s, down));
  writes = 0;
  bool once = true;
  ASSERT_TRUE(run(now + 5s, [&](const WriteTask& task) {
    return std::exchange(once, false) ? ok(task) : down(task);
  }));
  EXPECT_LE(writes, 120U);
}

TEST_F(SinkQueueTest, one_key_alone_sees_within_a_second_that_the_sink_works_again) {
  make();
  push(0, 1);
  ASSERT_TRUE(run(now + 10min, down));
  const Instant works_at = now;
  ASSERT_TRUE(run(now + 1s, ok));
  ASSERT_EQ(delivered.size(), 1U);
  EXPECT_LE(delivered.back().second, works_at + 1s);
}

TEST_F(SinkQueueTest, retries_of_a_sink_that_is_down_are_used_up_in_the_end) {
  spec.retry.attempts = 3;
  make();
  push_keys(1'000);
  EXPECT_FALSE(run(now + 1h, down));
  EXPECT_LE(writes, 8U);
  push_keys(1'000);
}

TEST_F(SinkQueueTest, retries_are_used_up_by_time_too) {
  spec.retry.give_up_after = 1min;
  make();
  const Instant began = now;
  push_keys(1'000);
  EXPECT_FALSE(run(now + 1h, down));
  EXPECT_GE(now - began, 1min);
  EXPECT_LE(now - began, 1min + 2s);
}

TEST_F(SinkQueueTest, it_says_since_when_it_fails_and_that_it_works_again) {
  make();
  push_keys(1'000);
  EXPECT_TRUE(run(now + 2min, down));
  EXPECT_EQ(sink->status(now).failing, "not there");
  EXPECT_EQ(sink->status(now).failing_for, 2min);
  EXPECT_EQ(sink->status(now).queued, 1'000U);
  EXPECT_TRUE(run(now + 1s, ok));
  ASSERT_EQ(notices.size(), 3U);
  EXPECT_EQ(notices[0].level, Log::Level::warn);
  EXPECT_EQ(notices[1].level, Log::Level::error);
  EXPECT_EQ(notices[2].what, "sink out works again");
}

TEST_F(SinkQueueTest, rate_bounds_the_events_of_a_second) {
  spec.rate = 10;
  spec.batch_events = 5;
  make();
  push_keys(100);
  const Instant began = now;
  EXPECT_TRUE(run(now + 20s, ok));
  ASSERT_EQ(delivered.size(), 100U);
  for (size_t i = 0; i < delivered.size(); ++i) {
    const std::chrono::duration<double> after = delivered[i].second - began;
    EXPECT_LE(static_cast<double>(i + 1), 10 * (after.count() + 1) + 5);
    EXPECT_GE(static_cast<double>(i + 1), 10 * after.count());
  }
}

struct FlawedAnswerTest : SinkQueueTest {
  FlawedAnswerTest() {
    make();
    push_keys(3);
    task = next();
  }
  static Failure at(uint32_t index) { return {index, {Error::Kind::transient, "no", {}}}; }
  std::unique_ptr<WriteTask> task;
};

// Fault 14: it ended the process.
TEST_F(FlawedAnswerTest, that_names_an_event_twice_stops_the_pipeline_with_a_message) {
  const auto& said = answer(*task, std::vector<Failure>{at(1), at(1)});
  EXPECT_EQ(said.stop,
            "sink out: its answer to a write of 3 events names event 1 twice: a fault of the "
            "connector");
  EXPECT_FALSE(said.any_durable) << "nothing of it is believed";
  EXPECT_EQ(next(), nullptr);
}

TEST_F(FlawedAnswerTest, that_names_what_is_not_in_the_batch_stops_the_pipeline_with_a_message) {
  const auto& said = answer(*task, std::vector<Failure>{at(0), at(3)});
  EXPECT_EQ(said.stop,
            "sink out: its answer to a write of 3 events names event 3 that is not in it: a fault "
            "of the connector");
  EXPECT_FALSE(said.any_durable);
}

TEST_F(SinkQueueTest, what_failed_behind_a_rejected_event_of_its_key_was_held_back) {
  spec.traits.writes_in_order = true;
  make();
  push(0, 1);
  push(1, 2);
  push(2, 1);
  push(3, 2);
  push(4, 0);
  const auto task = next();
  ASSERT_EQ(indexes_of(*task), (std::vector<uint32_t>{0, 1, 2, 3, 4}));
  const Error later = transient("behind a rejected one").error();
  const auto& said = answer(
      *task,
      std::vector<Failure>{{1, rejected("no good").error()}, {0, later}, {3, later}, {4, later}});
  EXPECT_EQ(said.outcomes,
            (std::vector<Outcome>{Outcome::failed, Outcome::rejected, Outcome::durable,
                                  Outcome::held_back, Outcome::failed}));
}

TEST_F(SinkQueueTest, no_write_begins_that_the_lease_does_not_outlive) {
  make();
  push_keys(3);
  EXPECT_EQ(sink->next_write(now, false), nullptr);
  EXPECT_NE(sink->next_write(now, true), nullptr);
}

TEST_F(SinkQueueTest, a_write_carries_its_deadline_and_its_slot) {
  spec.lanes = 4;
  spec.traits.write_deadline = 7s;
  make();
  push(0, 6);
  const auto task = next();
  ASSERT_TRUE(task);
  EXPECT_EQ(task->batch.deadline, now + 7s);
  EXPECT_EQ(task->batch.slot, 2U);
  ASSERT_EQ(task->batch.events.size(), 1U);
  EXPECT_EQ(task->batch.events[0], &chunk.event(0));
}

TEST_F(SinkQueueTest, events_without_a_key_go_round_the_lanes_read_by_read) {
  spec.lanes = 2;
  make();
  push(0, 0);
  push(1, 0);
  sink->next_round();
  push(2, 0);
  const auto first = next();
  const auto second = next();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(indexes_of(*first), (std::vector<uint32_t>{0, 1}));
  EXPECT_EQ(indexes_of(*second), (std::vector<uint32_t>{2}));
  EXPECT_NE(first->batch.slot, second->batch.slot);
}

}  // namespace
}  // namespace penstock::engine
