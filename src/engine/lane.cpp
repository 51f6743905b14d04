#include "engine/lane.h"

#include <algorithm>

#include "base/check.h"
#include "base/mutation.h"

namespace penstock::engine {

void Lane::push(const Item& item, Instant now) {
  if (queue_.empty()) {
    oldest_at_ = now;
  }
  queue_.push_back(item);
  queue_bytes_ += item.bytes;
  ++queued_;
}

void Lane::push_gap() {
  if (mutated("object_spans_reject")) {
    return;
  }
  if (!queue_.empty() && queue_[queue_.size() - 1].chunk != nullptr) {
    PROBE("gap_cuts_object");
    queue_.push_back(Item{});
    ++gaps_;
  }
}

bool Lane::full() const {
  return queue_.size() >= spec_.batch_events || queue_bytes_ >= spec_.batch_bytes || gaps_ > 0;
}

Instant Lane::ready_at(Instant now, bool flush) {
  if (in_flight_) {
    return Instant::never();
  }
  promote(now);
  Instant at = parked_.empty() ? Instant::never() : parked_.begin()->first;
  if (!pieces_.empty() || !ready_.empty()) {
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

void Lane::take(Instant now, const QuarantineSet& quarantine, std::vector<Item>& batch,
                std::vector<Item>& diverted) {
  CHECK(!in_flight_);  // I4
  promote(now);
  if (!take_piece(quarantine, batch, diverted) && !take_retries(quarantine, batch, diverted)) {
    take_fresh(quarantine, batch, diverted);
  }
  queued_ -= batch.size() + diverted.size();
  in_flight_ = !batch.empty();
  oldest_at_ = now;  // what is left is younger than what was taken
}

bool Lane::take_piece(const QuarantineSet& quarantine, std::vector<Item>& batch,
                      std::vector<Item>& diverted) {
  while (!pieces_.empty() && batch.empty()) {
    for (const Item& item : pieces_.pop_front()) {
      if (!quarantine.empty() && quarantine.contains(item.key)) {
        diverted.push_back(item);
        release(item.key);
      } else {
        batch.push_back(item);
      }
    }
  }
  return !batch.empty();
}

bool Lane::take_retries(const QuarantineSet& quarantine, std::vector<Item>& batch,
                        std::vector<Item>& diverted) {
  while (!ready_.empty()) {
    const OrderKey key = ready_.front();
    Held& held = held_.at(key);
    if (divert_held(key, quarantine, diverted)) {
      ready_.pop_front();
      continue;
    }
    if (held.attempts == 0 || (held.alone && !batch.empty()) || batch.size() >= retry_events_max_) {
      break;
    }
    ready_.pop_front();
    held.state = Held::State::busy;
    // A sink with one key a lane repeats exactly the write that failed, so that its object keeps
    // its name; every other sink gets the key's first event.
    const uint32_t count = spec_.traits.lane_per_key ? held.together : 1;
    for (uint32_t i = 0; i < count; ++i) {
      batch.push_back(held.items.pop_front());
    }
    if (held.alone || spec_.traits.lane_per_key) {
      PROBE("key_retried_alone");
      break;
    }
  }
  return !batch.empty();
}

bool Lane::divert_held(const OrderKey& key, const QuarantineSet& quarantine,
                       std::vector<Item>& diverted) {
  if (quarantine.empty() || !quarantine.contains(key)) {
    return false;
  }
  Held& held = held_.at(key);
  if (held.attempts > 0) {
    failing_.erase(failing_.find(held.first_failed));
  }
  while (!held.items.empty()) {
    diverted.push_back(held.items.pop_front());
  }
  held_.erase(key);
  return true;
}

bool Lane::fits(const std::vector<Item>& batch, size_t bytes, const Item& next) const {
  return batch.empty() ||
         (batch.size() < spec_.batch_events && bytes + next.bytes <= spec_.batch_bytes);
}

void Lane::take_released(std::vector<Item>& batch, std::vector<Item>& diverted,
                         const QuarantineSet& quarantine, size_t& bytes) {
  while (!ready_.empty() && held_.at(ready_.front()).attempts == 0) {
    const OrderKey key = ready_.front();
    Held& held = held_.at(key);
    if (divert_held(key, quarantine, diverted)) {
      ready_.pop_front();
      continue;
    }
    if (!fits(batch, bytes, held.items.front())) {
      return;
    }
    ready_.pop_front();
    do {
      bytes += held.items.front().bytes;
      batch.push_back(held.items.pop_front());
    } while (repeats_ && !held.items.empty() && fits(batch, bytes, held.items.front()));
    if (repeats_ && held.items.empty()) {
      held_.erase(key);
    } else {
      held.state = Held::State::busy;
      seen_.insert(key);
    }
  }
}

void Lane::take_fresh(const QuarantineSet& quarantine, std::vector<Item>& batch,
                      std::vector<Item>& diverted) {
  const bool repeats = repeats_ || mutated("repeated_key_in_batch");
  seen_.start(spec_.batch_events);
  size_t bytes = 0;
  take_released(batch, diverted, quarantine, bytes);
  while (!queue_.empty()) {
    Item item = queue_.front();
    if (item.chunk == nullptr) {
      if (!batch.empty()) {
        return;  // the gap stays in front and cuts the next batch's beginning
      }
      queue_.pop_front();
      --gaps_;
      continue;
    }
    if (!fits(batch, bytes, item)) {
      return;
    }
    queue_.pop_front();
    queue_bytes_ -= item.bytes;
    if (item.key.is_zero()) {
      item.key = {++anonymous_, ~uint64_t{0}};  // nothing else has this key: it repeats nothing
    } else if (!quarantine.empty() && quarantine.contains(item.key)) {
      diverted.push_back(item);
      continue;
    } else if (const auto held = held_.empty() ? held_.end() : held_.find(item.key);
               held != held_.end() && !mutated("parked_key_overtaken")) {
      held->second.items.push_back(item);
      continue;
    } else if (!repeats && !seen_.insert(item.key)) {
      held_[item.key].items.push_back(item);  // waits for the one in this batch
      continue;
    }
    bytes += item.bytes;
    batch.push_back(item);
  }
}

// The key's later events in the pieces of a bisected batch wait behind it, before all other ones.
void Lane::hold_pieces(const OrderKey& key, Held& held) {
  for (size_t p = pieces_.size(); p-- > 0;) {
    std::vector<Item>& piece = pieces_[p];
    for (size_t i = piece.size(); i-- > 0;) {
      if (piece[i].key == key) {
        PROBE("piece_waits_behind_parked_key");
        held.items.push_front(piece[i]);
        piece.erase(piece.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
  }
}

void Lane::park(const Item& item, const Outcome& outcome, bool alone, Instant now) {
  Held& held = held_[item.key];
  if (held.state != Held::State::parked) {
    hold_pieces(item.key, held);
  }
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

bool Lane::in_pieces(const OrderKey& key) const {
  for (size_t p = 0; p < pieces_.size(); ++p) {
    for (const Item& item : pieces_[p]) {
      if (item.key == key) {
        return true;
      }
    }
  }
  return false;
}

void Lane::release(const OrderKey& key) {
  const auto found = held_.empty() ? held_.end() : held_.find(key);
  if (found == held_.end() || found->second.state != Held::State::busy || in_pieces(key)) {
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

bool Lane::finish(Instant now, const std::vector<Item>& batch, const std::vector<Outcome>& outcomes,
                  Item& exhausted_item) {
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
  bool exhausted_any = false;
  for (size_t i = 0; i < batch.size(); ++i) {
    if (outcomes[i].kind != Outcome::Kind::failed) {
      any_durable = any_durable || outcomes[i].kind == Outcome::Kind::durable;
      release(batch[i].key);
      continue;
    }
    const Held& held = held_.at(batch[i].key);
    if (!exhausted_any && exhausted(spec_.retry, held.attempts, held.first_failed, now)) {
      exhausted_any = true;
      exhausted_item = batch[i];
    }
  }
  if (any_durable) {
    failed_in_a_row_ = 0;
    retry_events_max_ = std::min(spec_.batch_events, retry_events_max_ * 2);
  }
  return !exhausted_any;
}

void Lane::bisect(const std::vector<Item>& batch) {
  CHECK(in_flight_);
  CHECK(batch.size() > 1);
  PROBE("batch_bisected");
  in_flight_ = false;
  queued_ += batch.size();
  const auto middle = batch.begin() + static_cast<std::ptrdiff_t>(batch.size() / 2);
  pieces_.push_front({middle, batch.end()});
  pieces_.push_front({batch.begin(), middle});
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
