// SinkQueue: everything the engine knows of one sink: its lanes or folders, its slots, its rate,
// its quarantine, whether it works. Gives the next write, takes its answer, and returns what
// follows from it. Owned by the pipeline; used under the runner's lock.
//
// A sink that takes nothing at all is left alone (a circuit breaker): one probing write at a time,
// at most a second apart, and none before the instant that it asked for. Once a write succeeds, all
// go on, and no key waits for its own retry any longer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/fifo.h"
#include "base/hash_set.h"
#include "base/index_list.h"
#include "base/ranking.h"
#include "engine/action.h"
#include "engine/retry.h"
#include "engine/status.h"
#include "engine/write_queue.h"

namespace penstock::engine {

class SinkQueue {
 public:
  SinkQueue(Common& common, uint32_t index);

  // The sink's copy of an event. `cuts`: events with unlike ones never share an object.
  void push(Item item, uint32_t cuts);
  void next_round() { ++round_robin_; }  // for events without an order key
  // Nothing waits for a fuller batch while this is on.
  void flush(bool on, Instant now);
  // Reading stands still for want of room: the fullest batch does not wait any longer.
  void relieve(bool asked, Instant now);
  void timer(uint32_t queue, Instant now) { consider(queue, now, is_flushing_); }

  // The next write that may begin; nothing: none, or not yet. What met a quarantine on its way is
  // in diverted(). `covered`: the lease outlives a write that begins now.
  std::unique_ptr<WriteTask> next_write(Instant now, bool covered);
  std::vector<Item>& diverted() { return taken_.diverted; }

  struct Answer {                   // what the sink said; kept for its memory
    std::vector<Outcome> outcomes;  // of the items of the write; empty: none of them counts
    std::vector<std::pair<Item, Error>> rejected;
    bool any_durable = false;
    std::optional<std::string> stop;  // why the pipeline stops
  };
  Answer& written(const WriteTask& task, Result<std::vector<Failure>> result, Instant now);
  void keep(std::unique_ptr<WriteTask> task);  // its memory, for a later write

  // Of keys that were rejected by a write: what is behind them in their lanes follows them.
  QuarantineSet& quarantined() { return quarantined_; }
  // Of keys that were rejected before a lane: what comes from now on follows them.
  QuarantineSet& barred() { return barred_; }
  bool is_barred(const Event& event) const { return barred_.contains(event); }

  const SinkSpec& spec() const { return spec_; }
  SinkStatus& counts() { return counts_; }
  uint32_t& rejections_in_a_row() { return rejections_in_a_row_; }
  uint32_t& barred_in_a_row() { return barred_in_a_row_; }
  SinkStatus status(Instant now) const;

 private:
  struct Entry {
    std::unique_ptr<WriteQueue> queue;
    uint32_t slot = 0;
    bool is_listed = false;  // in slots_
    OrderKey folder;         // where the sink has folders
    uint32_t part = 0;
    uint32_t cuts = 0;
  };
  uint32_t queue_for(const Item& item, uint32_t cuts);
  uint32_t open_queue(uint32_t slot);
  void consider_touched(Instant now);
  void consider(uint32_t queue, Instant now, bool flush);
  void next_of(uint32_t slot);
  bool may_write(Instant now, bool covered);
  std::unique_ptr<WriteTask> begin(uint32_t queue, Instant now);
  bool cut_fullest(Instant now);
  void take_answer(const WriteTask& task, const Result<std::vector<Failure>>& result, Instant now);
  void find_held_back(const std::vector<Item>& items);
  void give_up(const Item& item);
  void works(Instant now);
  void took_nothing(const WriteTask& task, bool failed_before, Instant now);
  void retry_all(Instant now);
  std::optional<Instant> failing_since() const {
    return failing_.empty() ? std::nullopt : std::optional(*failing_.begin());
  }

  const SinkSpec& spec_;
  const uint32_t index_;  // in the pipeline
  Timers& timers_;
  Random& random_;
  bool is_flushing_ = false;
  bool relief_due_ = false;

  std::vector<Entry> queues_;
  Fifo<uint32_t> free_queues_;
  std::vector<std::unordered_map<OrderKey, uint32_t, Hash128Hasher>> folders_;  // of each part
  std::vector<Fifo<uint32_t>> slots_;  // queues that are ready; the first one's write is in flight,
  Fifo<uint32_t> ready_slots_;         // or its slot is here
  IndexList touched_;                  // queues that were pushed to, or answered
  Ranking<uint32_t, uint32_t> levels_;  // of queues: how wide their sizes are; 0: nothing to be cut
  uint64_t round_robin_ = 0;
  Taken taken_;
  std::unique_ptr<WriteTask> spare_;
  Answer answer_;

  HashSet rejected_keys_;  // by the answer that is looked at
  QuarantineSet quarantined_, barred_;
  FailingSince failing_;
  Outage outage_;
  uint32_t writes_ = 0;           // in flight
  Instant paced_until_;           // no write before, where `rate` is set
  Instant asked_until_;           // nor before this, for which it asked
  Instant paused_until_;          // nor before this, while it fails too
  bool is_broken_ = false;        // the breaker is open
  uint32_t failed_in_a_row_ = 0;  // writes of which nothing was taken
  uint32_t poison_in_a_row_ = 0;  // of keys that had failed before, since a write succeeded
  uint32_t probes_failed_ = 0;
  uint32_t rejections_in_a_row_ = 0, barred_in_a_row_ = 0;  // by writes, and before a lane
  SinkStatus counts_;
};

}  // namespace penstock::engine
