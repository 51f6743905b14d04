// Dispatch, what is settled, and what follows from it: room, barriers, moved positions, ends.
#include <algorithm>

#include "base/check.h"
#include "base/probe.h"
#include "engine/parts.h"

namespace penstock::engine {

Chunk* Parts::next_chunk(Instant now) {
  while (const auto part = pop(dispatchable_, &PartState::is_dispatchable)) {
    PartState& state = *parts_[*part];
    if (state.waiting != nullptr) {
      if (state.at_barrier) {
        state.waiting->arrived = now;
      }
      return state.waiting;
    }
  }
  return nullptr;
}

std::optional<uint32_t> Parts::next_event(uint32_t part) {
  PartState& state = *parts_[part];
  if (state.waiting == nullptr) {
    return std::nullopt;
  }
  const Chunk& chunk = *state.waiting;
  const Event& event = chunk.event(state.next);
  const bool is_barrier_event = is_barrier(event.op);
  const bool waits = (is_barrier_event || state.behind_barrier) && state.dispatched_open > 0;
  if (waits != state.at_barrier) {
    state.at_barrier = waits;
    at_barrier_ += waits ? 1U : ~0U;
  }
  if (waits) {
    PROBE("barrier_waits");
    return std::nullopt;
  }
  state.behind_barrier = is_barrier_event;
  const auto generation = event.order.substr(0, spec_.source.generation_bytes);
  if (state.generation != generation) {
    state.generation = generation;
    ++state.cuts;
  }
  ++state.dispatched_open;
  const uint32_t index = state.next++;
  if (state.next == chunk.events) {
    state.waiting = nullptr;
    touch(part);  // it may be read again
  }
  return index;
}

void Parts::settle(const Item& item) {
  const uint32_t part = item.chunk->part;
  PartState& state = *parts_[part];
  if (state.ledger.settle(*item.chunk, item.index)) {
    --state.dispatched_open;
    --open_;
    touch(part);
  }
}

void Parts::refresh(Instant now) {
  while (const auto part = pop(touched_, &PartState::is_touched)) {
    conclude(*part, now);
  }
  // Whoever waits for the room that all share gets it in turn, as far as it goes.
  while (!waiting_for_room_.empty()) {
    PartState& first = *parts_[waiting_for_room_.front()];
    if (first.starved && !fits(first, room_.small_read()) && !room_.is_empty()) {
      return;
    }
    const uint32_t part = *pop(waiting_for_room_, &PartState::is_waiting_for_room);
    if (std::exchange(first.starved, false)) {
      --starved_;
      consider_read(part, now);
    }
  }
}

void Parts::dispatched(Chunk& chunk, uint32_t index) {
  if (index + 1 == chunk.events) {
    parts_[chunk.part]->ledger.dispatched(chunk);
  }
  settle({.chunk = &chunk, .index = index, .bytes = 0, .key = {}});
}

void Parts::conclude(uint32_t part, Instant now) {
  PartState& state = *parts_[part];
  count(part);
  if (state.ledger.advance()) {
    CHECK(state.ledger.read() >= state.ledger.settled());  // I2
    push(moved_, &PartState::is_moved, part);
  }
  if (state.waiting != nullptr && state.dispatched_open == 0) {
    push(dispatchable_, &PartState::is_dispatchable, part);
  }
  if (state.starved && !fits(state, room_.small_read())) {
    relieve(state);
    count(part);
  }
  if (state.starved && fits(state, room_.small_read())) {
    state.starved = false;
    --starved_;
  }
  if (state.ended && !state.end_is_told && state.ledger.open() == 0) {
    state.end_is_told = true;
    --ending_;
    ++ends_settled_;
    ask_due_ = ask_due_ || spec_.source.changing_parts;  // its children can be read now
    push(settled_ends_, &PartState::is_end_settled, part);
  }
  consider_read(part, now);
}

// Its holding, in the sums.
void Parts::count(uint32_t part) {
  PartState& state = *parts_[part];
  room_.remove(state.held);
  state.held = {state.ledger.pinned_bytes() + state.reserved.bytes,
                state.ledger.open() + state.reserved.events};
  room_.add(state.held);
  const bool is_beyond = room_.is_beyond_share(state.held);
  if (is_beyond && state.beyond_at == SIZE_MAX) {
    state.beyond_at = beyond_share_.size();
    beyond_share_.push_back(part);
  } else if (!is_beyond && state.beyond_at != SIZE_MAX) {
    const uint32_t last = beyond_share_.back();
    beyond_share_[state.beyond_at] = last;
    parts_[last]->beyond_at = state.beyond_at;
    beyond_share_.pop_back();
    state.beyond_at = SIZE_MAX;
  }
}

std::optional<Ledger::Safe> Parts::safe(uint32_t part) {
  return parts_[part]->ledger.safe(spec_.position_before);
}

bool Parts::may_commit(uint32_t part) const {
  const PartState& state = *parts_[part];
  return state.stage == Stage::open && !state.committing;
}

Result<std::optional<Instant>> Parts::committed(uint32_t part, const Result<>& result,
                                                Instant now) {
  PartState& state = *parts_[part];
  state.committing = false;
  if (state.stage == Stage::found) {
    to_open(part);  // its position was lost meanwhile
  }
  if (result) {
    if (state.commit_outage != nullptr) {
      state.commit_outage->recovered(now, notices_);
    }
    return std::nullopt;
  }
  if (state.commit_outage == nullptr) {
    state.commit_outage = std::make_unique<Outage>("committing at part " + state.part.id);
  }
  return state.commit_outage->failed(spec_.source_retry, result.error(), now, random_, notices_);
}

bool Parts::may_close(uint32_t part) const {
  const PartState& state = *parts_[part];
  return state.stage == Stage::open && state.end_is_told && !state.committing;
}

// Children of a part are known once its end is settled and the source was asked after that.
bool Parts::wanted_is_read() const {
  if (spec_.until.events && events_read_ >= *spec_.until.events) {
    return true;
  }
  if (spec_.source.changing_parts && ends_known_ < ends_) {
    return false;
  }
  if (spec_.until.end && !spec_.source.changing_parts && unended_ == 0) {
    return true;
  }
  return spec_.until.caught_up && behind_ == 0;
}

const Outage* Parts::failing() const {
  if (discover_outage_.since()) {
    return &discover_outage_;
  }
  for (const auto& part : parts_) {
    if (part->outage.since()) {
      return &part->outage;
    }
    if (part->commit_outage != nullptr && part->commit_outage->since()) {
      return part->commit_outage.get();
    }
  }
  return nullptr;
}

void Parts::fill(uint32_t part, PartStatus& status, Timestamp wall) const {
  const PartState& state = *parts_[part];
  status.id = state.part.id;
  status.read = state.ledger.read();
  status.settled = state.ledger.settled();
  status.newest_read = state.ledger.newest_read();
  status.newest_settled = state.ledger.newest_settled();
  status.caught_up = state.caught_up || state.ended;
  status.ended = state.ended;
  status.behind = state.behind;
  status.headroom = state.headroom;
  const std::optional<Timestamp> oldest = state.ledger.oldest_open();
  const Timestamp since =
      oldest || status.caught_up ? oldest.value_or(wall) : status.newest_settled;
  if (since.micros > 0) {
    status.lag_seconds = static_cast<double>(wall.micros - since.micros) / 1e6;
  }
}

}  // namespace penstock::engine
