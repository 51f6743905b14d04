// Folder: the queue of one folder of a lake, for one part. A batch is the next events of the folder
// in order, never spans a gap (an object's name would cover what is not in it), and is retried as
// the same batch, so that its object keeps its name.
#pragma once

#include <algorithm>
#include <vector>

#include "engine/write_queue.h"

namespace penstock::engine {

class Folder final : public WriteQueue {
 public:
  using WriteQueue::WriteQueue;
  Instant ready_at(Instant now, bool flush) const override;
  Finished finish(Instant now, const std::vector<Item>& batch, const std::vector<Outcome>& outcomes,
                  const std::optional<Duration>& asked) override;
  void retry_now(Instant now) override { due_ = std::min(due_, now); }
  uint64_t parked_keys() const override { return again_ > 0 ? 1 : 0; }

 private:
  void fill(Taken& taken, Instant now, bool flush, bool new_first) override;
  void put_back(const std::vector<Item>& batch) override;

  size_t again_ = 0;  // of the front of queue_: the batch that failed
  Tries tries_;       // of it
  Instant due_;
};

}  // namespace penstock::engine
