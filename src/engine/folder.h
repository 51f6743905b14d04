// Folder: the queue of one folder of a lake, for one part. A batch is the next events of the folder
// in order, never spans a gap (an object's name would cover what is not in it), and is retried as
// the same batch, so that its object keeps its name.
#pragma once

#include <vector>

#include "base/fifo.h"
#include "engine/spec.h"
#include "engine/write_queue.h"

namespace penstock::engine {

class Folder final : public WriteQueue {
 public:
  Folder(const SinkSpec& spec, const QuarantineSet& quarantine, FailingSince& failing,
         uint64_t seed)
      : spec_(spec),
        quarantine_(quarantine),
        failing_(failing),
        random_(seed),
        events_max_(spec.batch_events) {}

  void push(const Item& item) override;
  Instant ready_at(Instant now, bool flush) override;
  Taken take(Instant now, bool flush) override;
  Finished finish(Instant now, const std::vector<Item>& batch,
                  const std::vector<Outcome>& outcomes) override;
  void bisect(const std::vector<Item>& batch) override;
  void retry_now(Instant now) override { due_ = std::min(due_, now); }
  bool in_flight() const override { return in_flight_; }
  uint64_t queued() const override { return queue_.size(); }
  uint64_t parked_keys() const override { return again_ > 0 ? 1 : 0; }

 private:
  void put_back(const Item& item);
  Item pop();
  void succeeded();

  const SinkSpec& spec_;
  const QuarantineSet& quarantine_;
  FailingSince& failing_;
  Random random_;
  bool in_flight_ = false;
  Fifo<Item> queue_;
  size_t queue_bytes_ = 0;
  uint64_t cuts_ = 0;      // in queue_
  size_t events_max_;      // of a batch: halved by bisect(), doubled by a success
  size_t again_ = 0;       // of the front of queue_: the batch that failed
  uint32_t attempts_ = 0;  // failed tries of it
  Instant first_failed_, due_;
};

}  // namespace penstock::engine
