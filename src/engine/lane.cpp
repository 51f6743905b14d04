#include "engine/lane.h"

#include <utility>

#include "base/check.h"
#include "base/probe.h"

namespace penstock::engine {

Instant Lane::ready_at(Instant now, bool flush) const {
  return released_.empty() ? std::min(fresh_at(now, flush), retry_at()) : now;
}

void Lane::retry_now(Instant now) {
  for (auto next = parked_.upper_bound(now); next != parked_.end();) {
    auto parked = parked_.extract(next++);
    parked.key() = now;
    parked_.insert(std::move(parked));
  }
}

// Retries and what has not failed yet take turns, so that neither waits for the end of the other.
void Lane::fill(Taken& taken, Instant now, bool flush, bool new_first) {
  const bool is_fresh_due = !released_.empty() || fresh_at(now, flush) <= now;
  if (!is_fresh_due || (!retried_last_ && !new_first)) {
    take_retries(taken, now);
  }
  retried_last_ = !taken.batch.empty();
  if (taken.batch.empty()) {
    take_fresh(taken);
  }
}

void Lane::take_retries(Taken& taken, Instant now) {
  while (retry_at() <= now && taken.batch.size() < retry_events_max_) {
    Held& held = held_.at(parked_.begin()->second);
    const bool is_alone = held.is_alone;
    if (!fits(taken, held.items.front()) || (is_alone && !taken.batch.empty())) {
      return;
    }
    parked_.erase(parked_.begin());
    held.is_parked = false;
    if (place(held.items.pop_front(), taken) && is_alone) {
      PROBE("key_retried_alone");
      return;
    }
  }
}

// False: an earlier change of its key was rejected, and it follows that into the dead letters.
bool Lane::place(const Item& item, Taken& taken) {
  if (is_diverted(item)) {
    taken.diverted.push_back(item);
    release(item.key);
    return false;
  }
  add(item, taken);
  return true;
}

// What the key's next event has to wait behind.
Lane::Held* Lane::ahead_of(const OrderKey& key) {
  const auto held = held_.empty() ? held_.end() : held_.find(key);
  if (held != held_.end()) {
    return &held->second;
  }
  return !repeats_ && seen_.contains(key) ? &held_[key] : nullptr;
}

void Lane::take_fresh(Taken& taken) {
  const size_t most = std::min(queue_.size() + released_.size(), events_max_);
  taken.batch.reserve(most);
  if (!repeats_) {
    seen_.start(most);
  }
  while (!released_.empty() && fits(taken, released_.front())) {
    place(released_.pop_front(), taken);
  }
  while (!queue_.empty() && fits(taken, queue_.front())) {
    Item item = pop_front();
    if (item.key.is_zero()) {
      item.key = {++made_up_, ~uint64_t{0}};  // nothing else has this key: it repeats nothing
      place(item, taken);
    } else if (Held* const held = ahead_of(item.key)) {
      held->items.push_back(item);
    } else if (place(item, taken) && !repeats_) {
      seen_.insert(item.key);
    }
  }
}

const Tries& Lane::park(const Item& item, Instant now, bool is_alone,
                        std::optional<Duration> asked) {
  Held& held = held_[item.key];
  held.items.push_front(item);
  if (!held.is_parked) {
    held.is_parked = true;
    held.is_alone = held.is_alone || is_alone;
    parked_.emplace(failed(held.tries, asked, now), item.key);
  }
  return held.tries;
}

// Nothing of the key is in a batch any longer: what waits behind it comes next.
void Lane::release(const OrderKey& key) {
  const auto found = held_.empty() ? held_.end() : held_.find(key);
  if (found == held_.end() || found->second.is_parked) {
    return;
  }
  Held& held = found->second;
  forget(held.tries);
  held.is_alone = false;
  if (!repeats_ && !held.items.empty()) {
    released_.push_back(held.items.pop_front());
    return;
  }
  for (size_t i = held.items.size(); i-- > 0;) {
    push_front(held.items[i]);
  }
  held_.erase(found);
}

WriteQueue::Finished Lane::finish(Instant now, const std::vector<Item>& batch,
                                  const std::vector<Outcome>& outcomes,
                                  const std::optional<Duration>& asked) {
  CHECK(batch.size() == outcomes.size());
  Finished finished;
  size_t failed = 0, held_back = 0;
  // Backwards, so that several failed events of one key are parked in their order.
  for (size_t i = batch.size(); i-- > 0;) {
    if (outcomes[i] == Outcome::failed) {
      const Tries& tries = park(batch[i], now, batch.size() == 1, asked);
      finished.exhausted = are_exhausted(tries, now) ? &batch[i] : finished.exhausted;
      finished.failed_before = batch.size() == 1 && tries.failed > 1;
      ++failed;
    } else if (outcomes[i] == Outcome::held_back) {
      held_[batch[i].key].items.push_front(batch[i]);
      ++held_back;
    }
  }
  ended(batch.size(), failed + held_back);
  bool any_durable = false;
  for (size_t i = 0; i < batch.size(); ++i) {
    if (outcomes[i] != Outcome::failed) {
      any_durable = any_durable || outcomes[i] == Outcome::durable;
      release(batch[i].key);
    }
  }
  if (any_durable) {
    grow();
    retry_events_max_ = std::min(spec_.batch_events, retry_events_max_ * 2);
  } else if (failed == batch.size()) {
    retry_events_max_ = std::max<uint32_t>(1, static_cast<uint32_t>(batch.size() / 2));
  }
  return finished;
}

void Lane::put_back(const std::vector<Item>& batch) {
  for (size_t i = batch.size(); i-- > 0;) {
    const auto held = held_.find(batch[i].key);
    if (held != held_.end()) {
      held->second.items.push_front(batch[i]);
    } else {
      push_front(batch[i]);
    }
  }
  for (const Item& item : batch) {
    release(item.key);
  }
}

}  // namespace penstock::engine
