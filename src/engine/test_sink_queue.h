// One sink with its lanes or folders, without a pipeline around it: who may write, and when. The
// clock moves only as the tests say, and answers come at once. Of a test; one thread.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "engine/sink_queue.h"

namespace penstock::engine {

using Written = Result<std::vector<Failure>>;

inline Error throttle(Duration retry_after) {
  return {Error::Kind::transient, "429 too many requests", retry_after};
}

inline PipelineSpec with_one_sink() {
  PipelineSpec spec;
  spec.sinks.resize(1);
  return spec;
}

struct SinkQueueTest : testing::Test {
  SinkQueueTest() {
    spec.name = "out";
    chunk.block = std::make_shared<EventBlock>();
    chunk.block->events.resize(20'000);
    chunk.arrived = now;
  }
  void make() { sink = std::make_unique<SinkQueue>(common, 0); }
  void push(uint32_t index, uint64_t key, uint32_t cuts = 0) {
    const OrderKey order_key = key == 0 ? OrderKey{} : OrderKey{key, key};
    chunk.block->events[index].order_key = order_key;
    sink->push({.chunk = &chunk, .index = index, .bytes = 10, .key = order_key}, cuts);
  }
  void push_keys(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      push(i, i + 1);
    }
  }
  static std::vector<uint32_t> indexes_of(const WriteTask& task) {
    std::vector<uint32_t> indexes;
    for (const Item& item : task.items) {
      indexes.push_back(item.index);
    }
    return indexes;
  }
  std::unique_ptr<WriteTask> next() { return sink->next_write(now, true); }
  SinkQueue::Answer& answer(const WriteTask& task, Written result = std::vector<Failure>{}) {
    SinkQueue::Answer& said = sink->written(task, std::move(result), now);
    for (size_t i = 0; i < said.outcomes.size(); ++i) {
      if (said.outcomes[i] == Outcome::durable) {
        delivered.emplace_back(task.items[i].index, now);
      }
    }
    return said;
  }
  // Answers every write until that time; false: the pipeline would stop.
  bool run(Instant until, const std::function<Written(const WriteTask&)>& written) {
    while (true) {
      while (auto task = next()) {
        ++writes;
        if (answer(*task, written(*task)).stop) {
          return false;
        }
      }
      if (timers.next() > until) {
        now = until;
        return true;
      }
      now = std::max(now, timers.next());
      while (const auto due = timers.pop(now)) {
        if (due->kind == Timers::Kind::queue) {
          sink->timer(static_cast<uint32_t>(due->index), now);
        }
      }
    }
  }
  static Written ok(const WriteTask& /*task*/) { return std::vector<Failure>{}; }
  static Written down(const WriteTask& /*task*/) { return transient("not there"); }

  Instant now{Duration{100s}};
  PipelineSpec pipeline = with_one_sink();
  SinkSpec& spec = pipeline.sinks[0];
  Common common{pipeline};
  Timers& timers = common.timers;
  std::vector<Notice>& notices = common.notices;
  Chunk chunk;
  std::unique_ptr<SinkQueue> sink;
  std::vector<std::pair<uint32_t, Instant>> delivered;
  uint32_t writes = 0;
};

}  // namespace penstock::engine
