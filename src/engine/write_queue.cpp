#include "engine/write_queue.h"

#include "base/check.h"
#include "base/probe.h"

namespace penstock::engine {

Instant WriteQueue::fresh_at(Instant now, bool flush) const {
  if (queue_.empty()) {
    return Instant::never();
  }
  const bool is_full = queue_.size() >= spec_.batch_events || queue_bytes_ >= spec_.batch_bytes ||
                       events_max_ < spec_.batch_events;
  return flush || is_full ? now : queue_.front().chunk->arrived + spec_.batch_wait;
}

void WriteQueue::take(Instant now, bool flush, bool new_first, Taken& taken) {
  CHECK(in_flight_ == 0);  // I4
  const size_t diverted = taken.diverted.size();
  taken.batch.clear();
  taken.bytes = 0;
  fill(taken, now, flush, new_first);
  unfinished_ -= taken.diverted.size() - diverted;
  in_flight_ = taken.batch.size();
}

void WriteQueue::ended(size_t items, size_t failed) {
  CHECK(in_flight_ == items);
  unfinished_ -= items - failed;
  in_flight_ = 0;
}

void WriteQueue::bisect(const std::vector<Item>& batch) {
  CHECK(batch.size() > 1);
  PROBE("batch_bisected");
  ended(batch.size(), batch.size());
  events_max_ = batch.size() / 2;
  put_back(batch);
}

Instant WriteQueue::failed(Tries& tries, const std::optional<Duration>& asked, Instant now) {
  if (tries.failed++ == 0) {
    tries.first = now;
    failing_.insert(now);
  }
  return now + backoff(spec_.retry, tries.failed, asked, random_);
}

void WriteQueue::forget(Tries& tries) {
  if (tries.failed > 0) {
    failing_.erase(failing_.find(tries.first));
    tries.failed = 0;
  }
}

}  // namespace penstock::engine
