#include "engine/folder.h"

#include <algorithm>

#include "base/check.h"
#include "base/probe.h"

namespace penstock::engine {

void Folder::push(const Item& item) {
  queue_.push_back(item);
  queue_bytes_ += item.bytes;
  cuts_ += item.is_cut ? 1 : 0;
}

void Folder::put_back(const Item& item) {
  queue_.push_front(item);
  queue_bytes_ += item.bytes;
  cuts_ += item.is_cut ? 1 : 0;
}

Item Folder::pop() {
  const Item item = queue_.pop_front();
  queue_bytes_ -= item.bytes;
  cuts_ -= item.is_cut ? 1 : 0;
  return item;
}

Instant Folder::ready_at(Instant now, bool flush) {
  if (in_flight_ || queue_.empty()) {
    return Instant::never();
  }
  if (again_ > 0) {
    return due_;
  }
  const bool is_whole = queue_.size() >= spec_.batch_events || queue_bytes_ >= spec_.batch_bytes ||
                        cuts_ > (queue_.front().is_cut ? 1U : 0U) ||
                        events_max_ < spec_.batch_events;
  return flush || is_whole ? now : queue_.front().chunk->arrived + spec_.batch_wait;
}

Taken Folder::take(Instant /*now*/, bool /*flush*/) {
  CHECK(!in_flight_);  // I4
  Taken taken;
  const size_t most = again_ > 0 ? again_ : std::min(queue_.size(), events_max_);
  taken.batch.reserve(most);
  while (!queue_.empty() && taken.batch.size() < most) {
    const Item& next = queue_.front();
    const bool is_diverted = next.is_barred || quarantine_.contains(next.event());
    const bool is_full = again_ == 0 && taken.bytes + next.bytes > spec_.batch_bytes;
    if (!taken.batch.empty() && again_ == 0 && (next.is_cut || is_diverted || is_full)) {
      PROBE("gap_cuts_object");
      break;
    }
    if (is_diverted && again_ == 0) {
      taken.diverted.push_back(pop());
      continue;
    }
    taken.bytes += next.bytes;
    taken.batch.push_back(pop());
  }
  in_flight_ = !taken.batch.empty();
  return taken;
}

void Folder::succeeded() {
  if (attempts_ > 0) {
    failing_.erase(first_failed_);
  }
  attempts_ = 0;
  again_ = 0;
}

WriteQueue::Finished Folder::finish(Instant now, const std::vector<Item>& batch,
                                    const std::vector<Outcome>& outcomes) {
  CHECK(in_flight_);
  CHECK(batch.size() == outcomes.size());
  in_flight_ = false;
  std::optional<Duration> retry_after;
  size_t failed = 0;
  for (size_t i = batch.size(); i-- > 0;) {
    if (outcomes[i].kind == Outcome::Kind::failed) {
      put_back(batch[i]);
      retry_after = outcomes[i].retry_after ? outcomes[i].retry_after : retry_after;
      ++failed;
    }
  }
  if (failed < batch.size()) {
    succeeded();
    events_max_ = std::min<size_t>(spec_.batch_events, events_max_ * 2);
  }
  again_ = failed;
  if (failed == 0) {
    return {};
  }
  PROBE("folder_retried");
  if (attempts_++ == 0) {
    first_failed_ = now;
    failing_.insert(now);
  }
  due_ = now + backoff(spec_.retry, attempts_, retry_after, random_);
  const bool is_exhausted = exhausted(spec_.retry, attempts_, first_failed_, now);
  return {.exhausted = is_exhausted ? &batch.front() : nullptr, .failed_before = attempts_ > 1};
}

void Folder::bisect(const std::vector<Item>& batch) {
  CHECK(in_flight_);
  CHECK(batch.size() > 1);
  PROBE("batch_bisected");
  in_flight_ = false;
  succeeded();
  events_max_ = batch.size() / 2;
  for (size_t i = batch.size(); i-- > 0;) {
    put_back(batch[i]);
  }
}

}  // namespace penstock::engine
