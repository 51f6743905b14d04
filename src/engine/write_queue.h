// WriteQueue: what waits for one stream of writes to a sink, at most one of them in flight: a lane
// of order keys (lane.h), or a folder of a lake (folder.h). Owned by its SinkQueue; used under the
// runner's lock.
#pragma once

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "base/fifo.h"
#include "core/quarantine.h"
#include "engine/ledger.h"
#include "engine/retry.h"

namespace penstock::engine {

struct Item {  // one sink's copy of one event
  Chunk* chunk = nullptr;
  uint32_t index = 0;
  uint32_t bytes = 0;
  OrderKey key;            // the sink's; made up by a lane where the sink has none for the event
  bool is_barred = false;  // of a key in quarantine since before it came: follows in its turn
  bool is_cut = false;     // no object holds this item and an earlier one
  bool is_alone = false;   // nor this one and any other: what came after it is written

  const Event& event() const { return chunk->event(index); }
};

enum class Outcome : uint8_t {  // of one item of a write
  durable,
  failed,
  rejected,
  held_back,  // not tried: it is behind a rejected one of its key
};

struct Taken {
  std::vector<Item> batch;
  size_t bytes = 0;
  std::vector<Item> diverted;  // of quarantined keys met on the way
};

struct Tries {  // of a key or a folder: the failed ones in a row
  uint32_t failed = 0;
  Instant first;
};

// The first failures of all keys that a sink is still trying: since when it has been failing.
using FailingSince = std::multiset<Instant>;

class WriteQueue {
 public:
  WriteQueue(const SinkSpec& spec, const QuarantineSet& quarantine, FailingSince& failing,
             uint64_t seed)
      : spec_(spec),
        quarantine_(quarantine),
        events_max_(spec.batch_events),
        failing_(failing),
        random_(seed) {}
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;
  virtual ~WriteQueue() = default;

  void push(const Item& item) {
    queue_.push_back(item);
    queue_bytes_ += item.bytes;
    cuts_ += item.is_cut ? 1 : 0;
    ++unfinished_;
  }
  // When the next write may begin, where none is in flight: a time that is not later than `now`
  // means at once; never() means not before something is pushed. `flush`: do not wait for a fuller
  // batch.
  virtual Instant ready_at(Instant now, bool flush) const = 0;
  // The next batch, which is then in flight until finish() or bisect(). An empty one leaves nothing
  // in flight. `new_first`: what was never tried goes before what failed.
  void take(Instant now, bool flush, bool new_first, Taken& taken);
  struct Finished {
    const Item* exhausted = nullptr;  // of the batch: its retries are used up
    bool failed_before = false;       // all of it was one key or folder that has failed before
  };
  // The write ended. Failed items wait for their retry, as long as the sink asked if it did.
  virtual Finished finish(Instant now, const std::vector<Item>& batch,
                          const std::vector<Outcome>& outcomes,
                          const std::optional<Duration>& asked) = 0;
  // The write was rejected as a whole: its items go out again in halves, and halves of these, until
  // the culprit stands alone.
  void bisect(const std::vector<Item>& batch);
  // The sink works again after an outage: nothing waits for its retry any longer.
  virtual void retry_now(Instant now) = 0;
  bool in_flight() const { return in_flight_ > 0; }
  uint64_t queued() const { return unfinished_ - in_flight_; }  // that wait, for a retry too
  virtual uint64_t parked_keys() const = 0;

 protected:
  virtual void fill(Taken& taken, Instant now, bool flush, bool new_first) = 0;
  virtual void put_back(const std::vector<Item>& batch) = 0;  // as if it had not been taken

  void push_front(const Item& item) {
    queue_.push_front(item);
    queue_bytes_ += item.bytes;
    cuts_ += item.is_cut ? 1 : 0;
  }
  Item pop_front() {
    const Item item = queue_.pop_front();
    queue_bytes_ -= item.bytes;
    cuts_ -= item.is_cut ? 1 : 0;
    return item;
  }
  // When a batch of what has not failed may begin.
  Instant fresh_at(Instant now, bool flush) const;
  bool fits(const Taken& taken, const Item& next) const {
    return taken.batch.empty() ||
           (taken.batch.size() < events_max_ && taken.bytes + next.bytes <= spec_.batch_bytes);
  }
  static void add(const Item& item, Taken& taken) {
    taken.batch.push_back(item);
    taken.bytes += item.bytes;
  }
  bool is_diverted(const Item& item) const {
    return item.is_barred || (!quarantine_.empty() && quarantine_.contains(item.event()));
  }
  void ended(size_t items, size_t failed);
  void grow() { events_max_ = std::min<size_t>(spec_.batch_events, events_max_ * 2); }
  // One more; when to try again.
  Instant failed(Tries& tries, const std::optional<Duration>& asked, Instant now);
  bool are_exhausted(const Tries& tries, Instant now) const {
    return exhausted(spec_.retry, tries.failed, tries.first, now);
  }
  void forget(Tries& tries);

  const SinkSpec& spec_;
  const QuarantineSet& quarantine_;
  Fifo<Item> queue_;   // not looked at yet, in source order
  uint64_t cuts_ = 0;  // in it
  size_t events_max_;  // of a batch: halved by bisect(), doubled by a success

 private:
  FailingSince& failing_;
  Random random_;
  size_t queue_bytes_ = 0;
  uint64_t unfinished_ = 0;  // of what was pushed
  size_t in_flight_ = 0;     // of these
};

}  // namespace penstock::engine
