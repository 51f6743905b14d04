#include "engine/lane.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/probe.h"

namespace penstock::engine {

void Lane::push(const Item& item) {
  queue_.push_back(item);
  queue_bytes_ += item.bytes;
  ++queued_;
}

bool Lane::full() const {
  return queue_.size() >= spec_.batch_events || queue_bytes_ >= spec_.batch_bytes ||
         events_max_ < spec_.batch_events;
}

Instant Lane::ready_at(Instant now, bool flush) {
  if (in_flight_) {
    return Instant::never();
  }
  promote(now);
  if (!ready_.empty()) {
    return now;
  }
  const Instant retry_at = parked_.empty() ? Instant::never() : parked_.begin()->first;
  if (queue_.empty()) {
    return retry_at;
  }
  return is_fresh_due(now, flush)
             ? now
             : std::min(retry_at, queue_.front().chunk->arrived + spec_.batch_wait);
}

bool Lane::is_fresh_due(Instant now, bool flush) const {
  return !queue_.empty() &&
         (flush || full() || queue_.front().chunk->arrived + spec_.batch_wait <= now);
}

void Lane::promote(Instant now) {
  while (!parked_.empty() && parked_.begin()->first <= now) {
    const OrderKey key = parked_.begin()->second;
    parked_.erase(parked_.begin());
    held_.at(key).state = Held::State::ready;
    ready_.push_back(key);
  }
}

void Lane::retry_now(Instant now) {
  while (!parked_.empty()) {
    promote(std::max(now, parked_.begin()->first));
  }
}

// Retries and what has not failed yet take turns, so that neither waits for the end of the other.
Taken Lane::take(Instant now, bool flush) {
  CHECK(!in_flight_);  // I4
  Taken taken;
  promote(now);
  const bool fresh_first = retried_last_ && is_fresh_due(now, flush);
  if (!fresh_first) {
    take_retries(taken);
  }
  retried_last_ = !taken.batch.empty();
  if (taken.batch.empty()) {
    take_fresh(taken);
  }
  if (taken.batch.empty() && fresh_first) {
    take_retries(taken);
    retried_last_ = true;
  }
  queued_ -= taken.batch.size() + taken.diverted.size();
  in_flight_ = !taken.batch.empty();
  return taken;
}

void Lane::take_retries(Taken& taken) {
  while (!ready_.empty() && taken.batch.size() < retry_events_max_) {
    const OrderKey key = ready_.front();
    if (divert_held(key, taken)) {
      ready_.pop_front();
      continue;
    }
    Held& held = held_.at(key);
    if (held.attempts == 0 || (held.alone && !taken.batch.empty())) {
      return;
    }
    ready_.pop_front();
    held.state = Held::State::busy;
    taken.bytes += held.items.front().bytes;
    taken.batch.push_back(held.items.pop_front());
    if (held.alone) {
      PROBE("key_retried_alone");
      return;
    }
  }
}

// Takes the events of a held key that follow into the dead letters; true when none is left.
bool Lane::divert_held(const OrderKey& key, Taken& taken) {
  Held& held = held_.at(key);
  while (!held.items.empty() && is_diverted(held.items.front())) {
    forget_failure(held);
    taken.diverted.push_back(held.items.pop_front());
  }
  if (!held.items.empty()) {
    return false;
  }
  held_.erase(key);
  return true;
}

bool Lane::fits(const Taken& taken, const Item& next) const {
  return taken.batch.empty() ||
         (taken.batch.size() < events_max_ && taken.bytes + next.bytes <= spec_.batch_bytes);
}

void Lane::place(const Item& item, Taken& taken) {
  taken.bytes += item.bytes;
  taken.batch.push_back(item);
}

void Lane::take_released(Taken& taken) {
  while (!ready_.empty() && held_.at(ready_.front()).attempts == 0) {
    const OrderKey key = ready_.front();
    if (divert_held(key, taken)) {
      ready_.pop_front();
      continue;
    }
    Held& held = held_.at(key);
    if (!fits(taken, held.items.front())) {
      return;
    }
    ready_.pop_front();
    do {
      place(held.items.pop_front(), taken);
    } while (repeats_ && !held.items.empty() && fits(taken, held.items.front()) &&
             !is_diverted(held.items.front()));
    if (repeats_ && held.items.empty()) {
      held_.erase(key);
    } else {
      held.state = Held::State::busy;
      if (!repeats_) {
        seen_.insert(key);
      }
    }
  }
}

void Lane::take_fresh(Taken& taken) {
  if (!repeats_) {
    seen_.start(std::min(queue_.size() + ready_.size(), events_max_));
  }
  taken.batch.reserve(std::min(queue_.size(), events_max_));
  take_released(taken);
  while (!queue_.empty()) {
    Item item = queue_.front();
    if (!fits(taken, item)) {
      return;
    }
    queue_.pop_front();
    queue_bytes_ -= item.bytes;
    if (item.key.is_zero()) {
      item.key = {++made_up_, ~uint64_t{0}};  // nothing else has this key: it repeats nothing
    } else if (const auto held = held_.empty() ? held_.end() : held_.find(item.key);
               held != held_.end()) {
      held->second.items.push_back(item);
      continue;
    } else if (!repeats_ && seen_.contains(item.key)) {
      held_[item.key].items.push_back(item);  // waits for the one in this batch
      continue;
    } else if (is_diverted(item)) {
      taken.diverted.push_back(item);
      continue;
    } else if (!repeats_) {
      seen_.insert(item.key);
    }
    place(item, taken);
  }
}

void Lane::park(const Item& item, const Outcome& outcome, bool alone, Instant now) {
  Held& held = held_[item.key];
  held.items.push_front(item);
  ++queued_;
  if (held.state == Held::State::parked) {
    return;
  }
  held.state = Held::State::parked;
  held.alone = held.alone || alone;
  if (held.attempts++ == 0) {
    held.first_failed = now;
    failing_.insert(now);
  }
  parked_.emplace(now + backoff(spec_.retry, held.attempts, outcome.retry_after, random_),
                  item.key);
}

void Lane::forget_failure(Held& held) {
  if (held.attempts > 0) {
    failing_.erase(held.first_failed);
    held.attempts = 0;
  }
  held.alone = false;
}

void Lane::release(const OrderKey& key) {
  const auto found = held_.empty() ? held_.end() : held_.find(key);
  if (found == held_.end() || found->second.state != Held::State::busy) {
    return;
  }
  Held& held = found->second;
  forget_failure(held);
  if (held.items.empty()) {
    held_.erase(found);
    return;
  }
  held.state = Held::State::ready;
  ready_.push_back(key);
}

WriteQueue::Finished Lane::finish(Instant now, const std::vector<Item>& batch,
                                  const std::vector<Outcome>& outcomes) {
  CHECK(in_flight_);
  CHECK(batch.size() == outcomes.size());
  in_flight_ = false;
  // Backwards, so that several failed events of one key are parked in their order.
  for (size_t i = batch.size(); i-- > 0;) {
    if (outcomes[i].kind == Outcome::Kind::failed) {
      park(batch[i], outcomes[i], batch.size() == 1, now);
    }
  }
  Finished finished;
  bool all_failed = true;
  bool any_durable = false;
  for (size_t i = 0; i < batch.size(); ++i) {
    if (outcomes[i].kind != Outcome::Kind::failed) {
      all_failed = false;
      any_durable = any_durable || outcomes[i].kind == Outcome::Kind::durable;
      release(batch[i].key);
      continue;
    }
    const Held& held = held_.at(batch[i].key);
    finished.failed_before = batch.size() == 1 && held.attempts > 1;
    if (finished.exhausted == nullptr &&
        exhausted(spec_.retry, held.attempts, held.first_failed, now)) {
      finished.exhausted = &batch[i];
    }
  }
  if (any_durable) {
    events_max_ = std::min<size_t>(spec_.batch_events, events_max_ * 2);
    retry_events_max_ = std::min(spec_.batch_events, retry_events_max_ * 2);
  } else if (all_failed) {
    retry_events_max_ = std::max<uint32_t>(1, static_cast<uint32_t>(batch.size() / 2));
  }
  return finished;
}

void Lane::bisect(const std::vector<Item>& batch) {
  CHECK(in_flight_);
  CHECK(batch.size() > 1);
  PROBE("batch_bisected");
  in_flight_ = false;
  queued_ += batch.size();
  events_max_ = batch.size() / 2;
  for (size_t i = batch.size(); i-- > 0;) {
    const auto held = held_.find(batch[i].key);
    if (held != held_.end()) {
      held->second.items.push_front(batch[i]);
      continue;
    }
    queue_.push_front(batch[i]);
    queue_bytes_ += batch[i].bytes;
  }
  for (const Item& item : batch) {
    release(item.key);
  }
}

}  // namespace penstock::engine
