#include "engine/lane.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutation.h"

namespace penstock::engine {

void Lane::push(Item item, Instant now) {
  if (queue_.empty()) {
    oldest_at_ = now;
  }
  item.cut = std::exchange(cut_, false) && !empty();
  cuts_ += item.cut ? 1 : 0;
  queue_.push_back(item);
  queue_bytes_ += item.bytes;
  ++queued_;
}

// Asked when something is queued.
bool Lane::full() const {
  return queue_.size() >= spec_.batch_events || queue_bytes_ >= spec_.batch_bytes ||
         cuts_ > (queue_.front().cut ? 1U : 0U) || events_max_ < spec_.batch_events;
}

Instant Lane::ready_at(Instant now, bool flush) {
  if (in_flight_) {
    return Instant::never();
  }
  promote(now);
  Instant at = parked_.empty() ? Instant::never() : parked_.begin()->first;
  if (!ready_.empty()) {
    at = now;
  } else if (!queue_.empty()) {
    const bool at_once = flush || full() || spec_.batch_wait == Duration{0};
    at = std::min(at, at_once ? now : oldest_at_ + spec_.batch_wait);
  }
  return at == Instant::never() ? at : std::max(at, resume_at_);
}

void Lane::promote(Instant now) {
  while (!parked_.empty() && parked_.begin()->first <= now) {
    const OrderKey key = parked_.begin()->second;
    parked_.erase(parked_.begin());
    held_.at(key).state = Held::State::ready;
    ready_.push_back(key);
  }
}

Taken Lane::take(Instant now) {
  CHECK(!in_flight_);  // I4
  Taken taken;
  promote(now);
  take_retries(taken);
  if (taken.batch.empty()) {
    take_fresh(taken);
  }
  queued_ -= taken.batch.size() + taken.diverted.size();
  in_flight_ = !taken.batch.empty();
  oldest_at_ = now;  // what is left is younger than what was taken
  return taken;
}

void Lane::take_retries(Taken& taken) {
  while (!ready_.empty()) {
    const OrderKey key = ready_.front();
    if (divert_held(key, taken)) {
      ready_.pop_front();
      continue;
    }
    Held& held = held_.at(key);
    if (held.attempts == 0 || (held.alone && !taken.batch.empty()) ||
        taken.batch.size() >= retry_events_max_) {
      return;
    }
    ready_.pop_front();
    held.state = Held::State::busy;
    // A sink with one key a lane repeats exactly the write that failed, so that its object keeps
    // its name; every other sink gets the key's first event.
    const uint32_t count = spec_.traits.folders ? held.together : 1;
    for (uint32_t i = 0; i < count; ++i) {
      taken.batch.push_back(held.items.pop_front());
    }
    if (held.alone || spec_.traits.folders) {
      PROBE("key_retried_alone");
      return;
    }
  }
}

bool Lane::divert_held(const OrderKey& key, Taken& taken) {
  if (!quarantined(key)) {
    return false;
  }
  Held& held = held_.at(key);
  if (held.attempts > 0) {
    failing_.erase(failing_.find(held.first_failed));
  }
  while (!held.items.empty()) {
    taken.diverted.push_back(held.items.pop_front());
  }
  held_.erase(key);
  return true;
}

bool Lane::fits(const Taken& taken, const Item& next) const {
  if (next.cut && !taken.batch.empty()) {
    PROBE("gap_cuts_object");
    return false;
  }
  return taken.batch.empty() ||
         (taken.batch.size() < events_max_ && taken.bytes + next.bytes <= spec_.batch_bytes);
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
      taken.bytes += held.items.front().bytes;
      taken.batch.push_back(held.items.pop_front());
    } while (repeats_ && !held.items.empty() && fits(taken, held.items.front()));
    if (repeats_ && held.items.empty()) {
      held_.erase(key);
    } else {
      held.state = Held::State::busy;
      seen_.insert(key);
    }
  }
}

void Lane::take_fresh(Taken& taken) {
  const bool repeats = repeats_ || mutated("repeated_key_in_batch");
  seen_.start(spec_.batch_events);
  taken.batch.reserve(std::min(queue_.size(), events_max_));
  take_released(taken);
  while (!queue_.empty()) {
    Item item = queue_.front();
    if (!fits(taken, item)) {
      return;
    }
    queue_.pop_front();
    queue_bytes_ -= item.bytes;
    cuts_ -= item.cut ? 1 : 0;
    if (item.key.is_zero()) {
      item.key = {++anonymous_, ~uint64_t{0}};  // nothing else has this key: it repeats nothing
    } else if (quarantined(item.key)) {
      taken.diverted.push_back(item);
      continue;
    } else if (const auto held = held_.empty() ? held_.end() : held_.find(item.key);
               held != held_.end() && !mutated("parked_key_overtaken")) {
      held->second.items.push_back(item);
      continue;
    } else if (!repeats && !seen_.insert(item.key)) {
      held_[item.key].items.push_back(item);  // waits for the one in this batch
      continue;
    }
    taken.bytes += item.bytes;
    taken.batch.push_back(item);
  }
}

void Lane::park(const Item& item, const Outcome& outcome, bool alone, Instant now) {
  Held& held = held_[item.key];
  held.items.push_front(item);
  ++queued_;
  ++held.together;
  if (held.state == Held::State::parked) {
    return;
  }
  held.together = 1;
  held.state = Held::State::parked;
  held.alone = held.alone || alone;
  if (held.attempts++ == 0) {
    held.first_failed = now;
    failing_.insert(now);
  }
  held.due = now + backoff(spec_.retry, held.attempts, outcome.retry_after, random_);
  parked_.emplace(held.due, item.key);
}

void Lane::release(const OrderKey& key) {
  const auto found = held_.empty() ? held_.end() : held_.find(key);
  if (found == held_.end() || found->second.state != Held::State::busy) {
    return;
  }
  Held& held = found->second;
  if (held.attempts > 0) {
    failing_.erase(failing_.find(held.first_failed));
  }
  if (held.items.empty()) {
    held_.erase(found);
    return;
  }
  held.state = Held::State::ready;
  held.attempts = 0;
  held.alone = false;
  held.together = 0;
  ready_.push_back(key);
}

const Item* Lane::finish(Instant now, const std::vector<Item>& batch,
                         const std::vector<Outcome>& outcomes) {
  CHECK(in_flight_);
  CHECK(batch.size() == outcomes.size());
  in_flight_ = false;
  bool any_durable = false;
  // Backwards, so that several failed events of one key are parked in their order.
  for (size_t i = batch.size(); i-- > 0;) {
    if (outcomes[i].kind == Outcome::Kind::failed) {
      park(batch[i], outcomes[i], batch.size() == 1, now);
    }
  }
  const Item* exhausted_item = nullptr;
  for (size_t i = 0; i < batch.size(); ++i) {
    if (outcomes[i].kind != Outcome::Kind::failed) {
      any_durable = any_durable || outcomes[i].kind == Outcome::Kind::durable;
      release(batch[i].key);
      continue;
    }
    const Held& held = held_.at(batch[i].key);
    if (exhausted(spec_.retry, held.attempts, held.first_failed, now)) {
      exhausted_item = exhausted_item == nullptr ? &batch[i] : exhausted_item;
    }
  }
  if (any_durable) {
    failed_in_a_row_ = 0;
    events_max_ = std::min<size_t>(spec_.batch_events, events_max_ * 2);
    retry_events_max_ = std::min(spec_.batch_events, retry_events_max_ * 2);
  }
  return exhausted_item;
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
    cuts_ += batch[i].cut ? 1 : 0;
  }
  for (const Item& item : batch) {
    release(item.key);
  }
}

void Lane::failed_whole(Instant now, const std::vector<Item>& batch,
                        const std::optional<Duration>& retry_after) {
  retry_events_max_ = std::max<uint32_t>(1, static_cast<uint32_t>(batch.size() / 2));
  const auto held = held_.find(batch.front().key);
  const bool known_culprit = batch.size() == 1 && held != held_.end() && held->second.attempts > 1;
  if (known_culprit && !retry_after) {
    PROBE("poison_key_does_not_pause_lane");
    return;
  }
  ++failed_in_a_row_;
  if (failed_in_a_row_ > 1 || retry_after) {
    resume_at_ = now + backoff(spec_.retry, failed_in_a_row_ - 1, retry_after, random_);
  }
}

}  // namespace penstock::engine
