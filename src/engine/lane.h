// Lane: the queue of one stream of writes to a sink, by order keys. A batch never repeats an order
// key unless the sink keeps order inside it, and a lane has one write in flight; so an order key is
// in at most one write at a time (I4). A key that waits, for its retry or for its earlier event, is
// held: its later events queue behind it, and the lane's other keys go on.
#pragma once

#include <map>
#include <unordered_map>
#include <vector>

#include "base/hash_set.h"
#include "engine/write_queue.h"

namespace penstock::engine {

class Lane final : public WriteQueue {
 public:
  Lane(const SinkSpec& spec, const QuarantineSet& quarantine, FailingSince& failing, uint64_t seed)
      : WriteQueue(spec, quarantine, failing, seed), repeats_(spec.traits.writes_in_order) {}

  Instant ready_at(Instant now, bool flush) const override;
  Finished finish(Instant now, const std::vector<Item>& batch, const std::vector<Outcome>& outcomes,
                  const std::optional<Duration>& asked) override;
  void retry_now(Instant now) override;
  uint64_t parked_keys() const override { return parked_.size(); }

 private:
  struct Held {
    bool is_parked = false;  // waits for its retry; else an event of it is in a batch or released_
    bool is_alone = false;   // failed while alone in its batch: is retried alone
    Tries tries;             // of its first item
    Fifo<Item> items;
  };

  void fill(Taken& taken, Instant now, bool flush, bool new_first) override;
  void put_back(const std::vector<Item>& batch) override;
  Instant retry_at() const { return parked_.empty() ? Instant::never() : parked_.begin()->first; }
  void take_retries(Taken& taken, Instant now);
  void take_fresh(Taken& taken);
  bool place(const Item& item, Taken& taken);
  Held* ahead_of(const OrderKey& key);
  const Tries& park(const Item& item, Instant now, bool is_alone, std::optional<Duration> asked);
  void release(const OrderKey& key);

  const bool repeats_;
  std::unordered_map<OrderKey, Held, Hash128Hasher> held_;
  std::multimap<Instant, OrderKey> parked_;  // held keys by the time of their retry
  Fifo<Item> released_;                      // of held keys, one of each: the earlier one is done
  HashSet seen_;                             // the order keys of the batch being built
  uint32_t retry_events_max_ = 1;
  bool retried_last_ = false;
  uint64_t made_up_ = 0;  // keys for events that have none
};

}  // namespace penstock::engine
