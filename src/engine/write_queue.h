// WriteQueue: what waits for one stream of writes to a sink, at most one of them in flight: a lane
// of order keys (lane.h), or a folder of a lake (folder.h). Owned by its SinkQueue; used under the
// runner's lock.
#pragma once

#include <optional>
#include <set>
#include <vector>

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

// The first failures of all keys that a sink is still trying: since when it has been failing.
class FailingSince {
 public:
  void insert(Instant at) { since_.insert(at); }
  void erase(Instant at) { since_.erase(since_.find(at)); }
  std::optional<Instant> first() const {
    return since_.empty() ? std::nullopt : std::optional(*since_.begin());
  }
  size_t size() const { return since_.size(); }

 private:
  std::multiset<Instant> since_;
};

class WriteQueue {
 public:
  virtual ~WriteQueue() = default;
  virtual void push(const Item& item) = 0;
  // When the next write may begin: a time that is not later than `now` means at once; never() means
  // not before something is pushed or finished. `flush`: do not wait for a fuller batch.
  virtual Instant ready_at(Instant now, bool flush) = 0;
  // The next batch, which is then in flight until finish() or bisect(). An empty one leaves nothing
  // in flight.
  virtual Taken take(Instant now, bool flush) = 0;
  struct Finished {
    const Item* exhausted = nullptr;  // of the batch: its retries are used up
    bool failed_before = false;       // all of it was one key or folder that has failed before
  };
  // The write ended. Failed items wait for their retry.
  virtual Finished finish(Instant now, const std::vector<Item>& batch,
                          const std::vector<Outcome>& outcomes) = 0;
  // The write was rejected as a whole: its items go out again in halves, and halves of these, until
  // the culprit stands alone.
  virtual void bisect(const std::vector<Item>& batch) = 0;
  // The sink works again after an outage: nothing waits for its retry any longer.
  virtual void retry_now(Instant now) = 0;
  virtual bool in_flight() const = 0;
  virtual uint64_t queued() const = 0;  // items that wait, for a retry too
  virtual uint64_t parked_keys() const = 0;
};

}  // namespace penstock::engine
