// Dispatch, what is settled, and what follows from it: room, barriers, moved positions, ends.
#include "base/check.h"
#include "base/probe.h"
#include "engine/parts.h"

namespace penstock::engine {

Chunk* Parts::next_chunk(Instant now) {
  const auto part = dispatchable_.pop();
  if (!part) {
    return nullptr;
  }
  PartState& state = *parts_[*part];
  if (state.at_barrier) {
    state.waiting->arrived = now;
  }
  return state.waiting;
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
  at_barrier_ += (waits ? 1U : 0U) - (state.at_barrier ? 1U : 0U);
  state.at_barrier = waits;
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
    touched_.push(part);  // it may be read again
  }
  return index;
}

void Parts::settle(const Item& item) {
  const uint32_t part = item.chunk->part;
  PartState& state = *parts_[part];
  relief_due_ =
      relief_due_ || waits_for_room(part) || (!starved_.empty() && room_.is_beyond_share(part));
  if (state.ledger.settle(*item.chunk, item.index)) {
    --state.dispatched_open;
    touched_.push(part);
  }
}

void Parts::refresh(Instant now) {
  while (const auto part = touched_.pop()) {
    conclude(*part, now);
  }
  // Whoever waits for the room that all share gets it in turn, as far as it goes.
  while (!starved_.empty()) {
    const uint32_t first = starved_.front();
    if (waits_for_room(first) && !room_.is_empty()) {
      return;
    }
    starved_.pop();
    consider_read(first, now);
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
    moved_.push(part);
    untold_.push(part);
  }
  if (state.waiting != nullptr && state.dispatched_open == 0) {
    dispatchable_.push(part);
  }
  if (state.ended && !state.end_is_told && state.ledger.open() == 0) {
    state.end_is_told = true;
    ++ends_settled_;
    ask_due_ = ask_due_ || spec_.source.changing_parts;  // its children can be read now
    settled_ends_.push(part);
  }
  consider_read(part, now);
}

bool Parts::may_commit(uint32_t part) const {
  const PartState& state = *parts_[part];
  return state.stage == Stage::open && !state.committing;
}

Result<> Parts::committed(uint32_t part, const Result<>& result, Instant now) {
  PartState& state = *parts_[part];
  state.committing = false;
  if (state.stage == Stage::found) {
    to_open_.push(part);  // its position was lost meanwhile
  }
  if (state.end_is_told) {
    settled_ends_.push(part);
  }
  if (!result) {
    return state.commit_outage.failed(result.error(), now);
  }
  state.commit_outage.recovered(now);
  return {};
}

// Children of a part are known once its end is settled and the source was asked after that.
bool Parts::wanted_is_read() const {
  if (events_read_ >= spec_.until.events.value_or(UINT64_MAX)) {
    return true;
  }
  if (spec_.source.changing_parts && ends_known_ < ends_) {
    return false;
  }
  if (spec_.until.end && !spec_.source.changing_parts && ends_ == parts_.size()) {
    return true;
  }
  return spec_.until.caught_up && behind_ == 0;
}

}  // namespace penstock::engine
