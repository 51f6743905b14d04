// What waits for one stream of writes, without a sink around it: for the tests of lanes and
// folders. Their clock moves only as they say.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "engine/spec.h"
#include "engine/write_queue.h"

namespace penstock::engine {

struct QueueTest : testing::Test {
  QueueTest() {
    spec.batch_events = 4;
    spec.retry.initial = 10ms;
    spec.retry.max = 10ms;
    chunk.block = std::make_shared<EventBlock>();
    chunk.block->events.resize(100);
    chunk.arrived = now;
  }
  static OrderKey key_of(uint64_t key) { return key == 0 ? OrderKey{} : OrderKey{key, key}; }
  static Event event_with(const OrderKey& key) {
    Event event;
    event.order_key = key;
    return event;
  }
  Item item(uint32_t index, uint64_t key) {
    chunk.block->events[index].order_key = key_of(key);
    return {.chunk = &chunk, .index = index, .bytes = 10, .key = key_of(key)};
  }
  void quarantine_key(uint64_t key) {
    Event event;
    event.order_key = key_of(key);
    EXPECT_TRUE(quarantine.insert(event));
  }
  void push(std::initializer_list<std::pair<uint32_t, uint64_t>> items) {
    for (const auto& [index, key] : items) {
      queue->push(item(index, key));
    }
  }
  void push_cut(uint32_t index, uint64_t key) {
    Item one = item(index, key);
    one.is_cut = true;
    queue->push(one);
  }
  std::vector<uint32_t> take(bool flush = true) {
    Taken taken;
    queue->take(now, flush, false, taken);
    batch = std::move(taken.batch);
    diverted = std::move(taken.diverted);
    return indexes_of(batch);
  }
  static std::vector<uint32_t> indexes_of(const std::vector<Item>& items) {
    std::vector<uint32_t> indexes;
    for (const Item& one : items) {
      indexes.push_back(one.index);
    }
    return indexes;
  }
  // False: retries are used up, at `exhausted`.
  bool finish(const std::map<size_t, Outcome>& failures = {}) {
    std::vector<Outcome> outcomes(batch.size());
    for (const auto& [index, kind] : failures) {
      outcomes[index] = kind;
    }
    finished = queue->finish(now, batch, outcomes, asked);
    exhausted = finished.exhausted == nullptr ? Item{} : *finished.exhausted;
    return finished.exhausted == nullptr;
  }
  bool finish_all(Outcome kind) {
    std::map<size_t, Outcome> failures;
    for (size_t i = 0; i < batch.size(); ++i) {
      failures[i] = kind;
    }
    return finish(failures);
  }

  using Indexes = std::vector<uint32_t>;
  static constexpr auto kFailed = Outcome::failed;
  static constexpr auto kRejected = Outcome::rejected;
  static constexpr auto kHeldBack = Outcome::held_back;

  Instant now{Duration{1s}};
  SinkSpec spec;
  QuarantineSet quarantine;
  FailingSince failing;
  Chunk chunk;
  std::unique_ptr<WriteQueue> queue;
  std::vector<Item> batch, diverted;
  std::optional<Duration> asked;  // by the sink, to be left alone
  WriteQueue::Finished finished;
  Item exhausted;
};

}  // namespace penstock::engine
