// Lane: the queue of one stream of writes to a sink. A lane has at most one write in flight, and a
// batch never repeats an order key unless the sink keeps order inside a batch; so an order key is
// in at most one write at a time (I4). A key that waits, for its retry or for its earlier event, is
// held: its later events queue behind it, and the lane's other keys go on.
// Owned by the pipeline; used under the runner's lock.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/fifo.h"
#include "base/hash_set.h"
#include "base/mutation.h"
#include "engine/ledger.h"
#include "engine/retry.h"

namespace penstock::engine {

struct Item {  // one sink's copy of one event
  Chunk* chunk = nullptr;
  uint32_t index = 0;
  uint32_t bytes = 0;
  OrderKey key;
  bool cut = false;  // no object holds this item and an earlier one

  const Event& event() const { return chunk->event(index); }
};

// What became of one item of a write.
struct Outcome {
  enum class Kind : uint8_t { durable, failed, rejected } kind = Kind::durable;
  std::optional<Duration> retry_after;
};

struct Taken {
  std::vector<Item> batch;
  size_t bytes = 0;
  std::vector<Item> diverted;  // of quarantined keys met on the way
};

using QuarantineSet = std::unordered_set<OrderKey, Hash128Hasher>;

class Lane {
 public:
  // A batch may repeat an order key only where the sink keeps order inside it, and no later change
  // of a rejected key may slip through with it.
  Lane(const SinkSpec& spec, const QuarantineSet& quarantine, uint64_t seed)
      : spec_(spec),
        quarantine_(quarantine),
        repeats_(spec.traits.folders ||
                 (spec.traits.writes_in_order && spec.on_reject != OnReject::quarantine)),
        random_(seed),
        events_max_(spec.batch_events) {}

  void push(Item item, Instant now);
  void cut() { cut_ = !mutated("object_spans_reject"); }  // before the next item

  // When the next write may begin: a time that is not later than `now` means at once; never() means
  // not before something is pushed or finished. `flush`: do not wait for a fuller batch.
  Instant ready_at(Instant now, bool flush);
  // The next batch, which is then in flight until finish(). An empty one leaves nothing in flight.
  Taken take(Instant now);
  // The write ended. Failed items are parked with their keys. Gives the item for which `spec.retry`
  // is used up, or null.
  const Item* finish(Instant now, const std::vector<Item>& batch,
                     const std::vector<Outcome>& outcomes);
  // The write was rejected as a whole: its items go out again in halves, and halves of these, until
  // the culprit stands alone.
  void bisect(const std::vector<Item>& batch);
  // The write failed as a whole: smaller retries, and a pause where it is the lane, not a key.
  void failed_whole(Instant now, const std::vector<Item>& batch,
                    const std::optional<Duration>& retry_after);

  bool in_flight() const { return in_flight_; }
  bool empty() const { return queued_ == 0 && !in_flight_; }
  uint64_t queued() const { return queued_; }  // items waiting, held ones too
  uint64_t parked_keys() const { return parked_.size(); }
  std::optional<Instant> failing_since() const {  // of the key that has failed the longest
    return failing_.empty() ? std::nullopt : std::optional(*failing_.begin());
  }
  // The pipeline's own notes about this lane.
  Instant armed_at = Instant::never();  // its timer
  OrderKey lane_key;                    // where the sink has a lane for each
  uint32_t part = 0;                    // of all its events, where the sink has a lane for each key

 private:
  struct Held {
    enum class State : uint8_t { busy, ready, parked } state = State::busy;
    bool alone = false;     // failed while alone in its batch: is retried alone
    uint32_t attempts = 0;  // failed tries of its first item
    uint32_t together = 0;  // items at the front that failed in one write
    Instant first_failed;
    Instant due;
    Fifo<Item> items;
  };
  using HeldKeys = std::unordered_map<OrderKey, Held, Hash128Hasher>;

  void promote(Instant now);
  bool quarantined(const OrderKey& key) const {
    return !quarantine_.empty() && quarantine_.contains(key);
  }
  void take_retries(Taken& taken);
  void take_fresh(Taken& taken);
  void take_released(Taken& taken);
  bool divert_held(const OrderKey& key, Taken& taken);
  bool fits(const Taken& taken, const Item& next) const;
  bool full() const;
  void park(const Item& item, const Outcome& outcome, bool alone, Instant now);
  void release(const OrderKey& key);

  const SinkSpec& spec_;
  const QuarantineSet& quarantine_;
  const bool repeats_;
  Random random_;
  bool in_flight_ = false;
  Fifo<Item> queue_;  // not looked at yet, in source order
  size_t queue_bytes_ = 0;
  uint64_t cuts_ = 0;  // in queue_
  bool cut_ = false;
  uint64_t queued_ = 0;
  Instant oldest_at_;
  HeldKeys held_;
  Fifo<OrderKey> ready_;                     // held keys that may go out
  std::multimap<Instant, OrderKey> parked_;  // held keys by the time of their retry
  std::multiset<Instant> failing_;           // the first failure of each key that is retried
  HashSet seen_;                             // the order keys of the batch being built
  size_t events_max_;                        // of a batch: halved by bisect(), doubled by a success
  uint32_t retry_events_max_ = 1;
  uint32_t failed_in_a_row_ = 0;
  Instant resume_at_;
  uint64_t anonymous_ = 0;
};

}  // namespace penstock::engine
