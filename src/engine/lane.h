// Lane: the queue of one stream of writes to a sink, by order keys. A batch never repeats an order
// key unless the sink keeps order inside it, and a lane has one write in flight; so an order key is
// in at most one write at a time (I4). A key that waits, for its retry or for its earlier event, is
// held: its later events queue behind it, and the lane's other keys go on.
#pragma once

#include <map>
#include <unordered_map>
#include <vector>

#include "base/fifo.h"
#include "base/hash_set.h"
#include "engine/spec.h"
#include "engine/write_queue.h"

namespace penstock::engine {

class Lane final : public WriteQueue {
 public:
  // A batch may repeat an order key only where the sink keeps order inside it, and no later change
  // of a rejected key may slip through with it.
  Lane(const SinkSpec& spec, const QuarantineSet& quarantine, FailingSince& failing, uint64_t seed)
      : spec_(spec),
        quarantine_(quarantine),
        failing_(failing),
        repeats_(spec.traits.writes_in_order && spec.on_reject != OnReject::quarantine),
        random_(seed),
        events_max_(spec.batch_events) {}

  void push(const Item& item) override;
  Instant ready_at(Instant now, bool flush) override;
  Taken take(Instant now, bool flush) override;
  Finished finish(Instant now, const std::vector<Item>& batch,
                  const std::vector<Outcome>& outcomes) override;
  void bisect(const std::vector<Item>& batch) override;
  void retry_now(Instant now) override;
  bool in_flight() const override { return in_flight_; }
  uint64_t queued() const override { return queued_; }
  uint64_t parked_keys() const override { return parked_.size(); }

 private:
  struct Held {
    enum class State : uint8_t { busy, ready, parked } state = State::busy;
    bool alone = false;     // failed while alone in its batch: is retried alone
    uint32_t attempts = 0;  // failed tries of its first item
    Instant first_failed;
    Fifo<Item> items;
  };
  using HeldKeys = std::unordered_map<OrderKey, Held, Hash128Hasher>;

  void promote(Instant now);
  bool is_diverted(const Item& item) const {
    return item.is_barred || (!quarantine_.empty() && quarantine_.contains(item.event()));
  }
  void take_retries(Taken& taken);
  void take_fresh(Taken& taken);
  void take_released(Taken& taken);
  void place(const Item& item, Taken& taken);
  bool divert_held(const OrderKey& key, Taken& taken);
  bool fits(const Taken& taken, const Item& next) const;
  bool is_fresh_due(Instant now, bool flush) const;
  bool full() const;
  void park(const Item& item, const Outcome& outcome, bool alone, Instant now);
  void forget_failure(Held& held);
  void release(const OrderKey& key);

  const SinkSpec& spec_;
  const QuarantineSet& quarantine_;
  FailingSince& failing_;
  const bool repeats_;
  Random random_;
  bool in_flight_ = false;
  Fifo<Item> queue_;  // not looked at yet, in source order
  size_t queue_bytes_ = 0;
  uint64_t queued_ = 0;  // there and held
  HeldKeys held_;
  Fifo<OrderKey> ready_;                     // held keys that may go out
  std::multimap<Instant, OrderKey> parked_;  // held keys by the time of their retry
  HashSet seen_;                             // the order keys of the batch being built
  size_t events_max_;                        // of a batch: halved by bisect(), doubled by a success
  uint32_t retry_events_max_ = 1;
  bool retried_last_ = false;
  uint64_t made_up_ = 0;  // keys for events that have none
};

}  // namespace penstock::engine
