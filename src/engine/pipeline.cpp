// Opening, reading and dispatch; pipeline_write.cpp goes on with the lanes, pipeline_progress.cpp
// with positions and the end.
#include "engine/pipeline.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutation.h"

namespace penstock::engine {

Pipeline::Pipeline(PipelineSpec spec)
    : spec_(std::move(spec)),
      random_(spec_.seed),
      discover_outage_{fmt::format("source {}", spec_.source_name)} {
  for (SinkSpec& sink : spec_.sinks) {
    // One lane per key holds one key: its batches are that key's events in order.
    sink.traits.writes_in_order = sink.traits.writes_in_order || sink.traits.folders;
    auto state = std::make_unique<SinkState>();
    state->spec = sink;
    state->counts.name = sink.name;
    state->barred =
        penstock::QuarantineSet({.hash_key = spec_.hash_key, .folders = sink.traits.folders});
    state->outage.what = fmt::format("sink {}", sink.name);
    for (uint32_t i = 0; !sink.traits.folders && i < std::max(1U, sink.lanes); ++i) {
      open_lane(*state, {}, 0);
    }
    state->busy_slots.resize(std::max(1U, sink.lanes));
    sinks_.push_back(std::move(state));
  }
}

void Pipeline::emit(Action action) {
  ++under_way_;
  actions_.push_back(std::move(action));
}

std::optional<Action> Pipeline::next_action() {
  if (actions_.empty() || phase_ == Phase::ended) {
    return std::nullopt;
  }
  return actions_.pop_front();
}

Instant Pipeline::next_timer() const {
  return timers_.empty() || phase_ == Phase::ended ? Instant::never() : timers_.top().at;
}

void Pipeline::start(Instant now) {
  CHECK(phase_ == Phase::opening);
  save_at_ = now;  // the first progress at once: who dies again and again moves on all the same
  if (spec_.until.deadline) {
    arm(now + *spec_.until.deadline, [this](Instant at) { drain(State::finished, at); });
  }
  if (spec_.has_checkpoint) {
    emit(action::TakeLease{});
    return;
  }
  lease_taken(LeaseAndCheckpoint{}, now, now);
}

void Pipeline::lease_taken(Result<LeaseAndCheckpoint> result, Instant asked_at, Instant now) {
  under_way_ -= spec_.has_checkpoint ? 1 : 0;
  if (phase_ != Phase::opening) {
    return consider_end(now);
  }
  if (!result) {
    return fail_pipeline(result.error().what, now);
  }
  lease_ = result->lease;
  lease_at_ = asked_at;
  lease_held_ = true;
  arm_lease();
  if (result->checkpoint) {
    checkpoint_ = std::move(*result->checkpoint);
    if (!checkpoint_.fingerprint.empty() && checkpoint_.fingerprint != spec_.fingerprint) {
      return fail(now,
                  "checkpoint of pipeline {}: it belongs to another source ({}, this one is {}); "
                  "reset it with `penstock checkpoint reset`, or give the pipeline another name",
                  spec_.name, checkpoint_.fingerprint, spec_.fingerprint);
    }
  }
  checkpoint_.fingerprint = spec_.fingerprint;
  checkpoint_.epoch = lease_.epoch;
  if (mutated("quarantine_forgotten_at_restart")) {
    checkpoint_.quarantined.clear();
  }
  for (const Quarantined& key : checkpoint_.quarantined) {
    for (const auto& sink : sinks_) {
      sink->barred.load({&key, 1}, sink->spec.name);
    }
  }
  for (uint32_t i = 0; i < sinks_.size(); ++i) {
    emit(action::OpenSink{i});
  }
  letters_open_ = !spec_.has_dead_letter;
  if (spec_.has_dead_letter) {
    emit(action::OpenDeadLetters{});
  }
}

void Pipeline::sink_opened(uint32_t sink, Result<> result, Instant now) {
  SinkState& state = *sinks_[sink];
  opened(state.opened, state.outage, state.spec.retry, result, action::OpenSink{sink}, now);
}

void Pipeline::dead_letters_opened(Result<> result, Instant now) {
  opened(letters_open_, letters_outage_, spec_.store_retry, result, action::OpenDeadLetters{}, now);
}

template <class Again>
void Pipeline::opened(bool& is_open, Outage& outage, const RetryPolicy& policy,
                      const Result<>& result, Again again, Instant now) {
  --under_way_;
  is_open = result.has_value();
  if (phase_ != Phase::opening) {
    return consider_end(now);
  }
  if (result) {
    recovered(outage, now);
    return discover();
  }
  PROBE("target_opened_later");
  if (const auto at = failed(outage, policy, result.error(), now)) {
    arm(*at, [this, again](Instant) {
      if (phase_ == Phase::opening) {
        emit(again);
      }
    });
  }
}

// Every target is open before the source is touched: a bad target fails first.
void Pipeline::discover() {
  const bool all = std::all_of(sinks_.begin(), sinks_.end(), [](auto& s) { return s->opened; });
  if (all && letters_open_ && !discovering_ && !reading_ended()) {
    discovering_ = true;
    emit(action::Discover{checkpoint_});
  }
}

void Pipeline::discovered(Result<std::vector<Part>> result, Instant now) {
  --under_way_;
  discovering_ = false;
  if (phase_ != Phase::opening && phase_ != Phase::running) {
    return consider_end(now);
  }
  if (!result) {
    if (const auto at = failed(discover_outage_, spec_.source_retry, result.error(), now)) {
      arm(*at, [this](Instant) { discover(); });
    }
    return consider_end(now);
  }
  recovered(discover_outage_, now);
  phase_ = Phase::running;
  for (Part& part : *result) {
    if (part_by_id_.contains(part.id)) {
      continue;
    }
    const auto index = static_cast<uint32_t>(parts_.size());
    part_by_id_.emplace(part.id, index);
    PartState& state = *parts_.emplace_back(std::make_unique<PartState>());
    state.part = std::move(part);
    state.outage.what = fmt::format("source {} part {}", spec_.source_name, state.part.id);
    const auto known = checkpoint_.positions.find(state.part.id);
    open_reader(index,
                known == checkpoint_.positions.end() ? std::nullopt : std::optional(known->second));
  }
  if (spec_.source.changing_parts) {
    arm(now + spec_.discover_every, [this](Instant) { discover(); });
  }
  consider_end(now);
}

void Pipeline::open_reader(uint32_t part, std::optional<Position> position) {
  parts_[part]->busy = true;
  parts_[part]->opened_at = position;
  emit(action::OpenReader{part, parts_[part]->part, std::move(position)});
}

void Pipeline::reader_opened(uint32_t part, Result<> result, Instant now) {
  --under_way_;
  PartState& state = *parts_[part];
  state.busy = false;
  if (phase_ != Phase::running) {
    return consider_end(now);
  }
  if (!result) {
    return part_failed(part, result.error(), now);
  }
  state.open = true;
  consider_read(part, now);
}

void Pipeline::part_failed(uint32_t part, const Error& error, Instant now) {
  if (reaction_to(error.kind) == Reaction::lost) {
    return lost_position(part, error, now);
  }
  PROBE("source_retried");
  PartState& state = *parts_[part];
  if (const auto at = failed(state.outage, spec_.source_retry, error, now)) {
    state.read_at = *at;
    arm(state.read_at, [this, part](Instant due) { part_timer(part, due); });
  }
}

void Pipeline::lost_position(uint32_t part, const Error& error, Instant now) {
  ++lost_positions_;
  ++lost_in_a_row_;
  if (spec_.on_lost_position == OnLostPosition::fail ||
      lost_in_a_row_ > spec_.limits.lost_positions_in_a_row) {
    return fail(now,
                "source {} part {}: the saved position is lost: {}; see on_lost_position, or "
                "`penstock checkpoint reset`",
                spec_.source_name, parts_[part]->part.id, error.what);
  }
  PROBE("lost_position_restarts");
  const bool earliest = spec_.on_lost_position == OnLostPosition::earliest;
  notify(Log::Level::error,
         "source {} part {}: the saved position is lost, reading goes on at the {}: {}",
         spec_.source_name, parts_[part]->part.id, earliest ? "earliest" : "latest", error.what);
  parts_[part]->open = false;
  parts_[part]->part.start = earliest ? Part::Start::earliest : Part::Start::latest;
  open_reader(part, std::nullopt);
}

// What `until.events` leaves to be asked for.
uint64_t Pipeline::events_wanted() const {
  if (!spec_.until.events) {
    return UINT64_MAX;
  }
  uint64_t wanted = *spec_.until.events;
  wanted -= std::min(wanted, events_read_);
  for (const auto& part : parts_) {
    wanted -= std::min<uint64_t>(wanted, part->reserved_events);
  }
  return wanted;
}

// The limits count what unsettled events pin in memory. Half of them is shared out evenly, with one
// share to spare for a part to come; the other half goes to whoever reads first. So a part whose
// events are stuck never takes the last room of another (I5).
ReadLimits Pipeline::read_limits(size_t bytes_min, size_t events_min) const {
  const size_t shares = 2 * (parts_.size() + 1);
  ReadLimits limits;
  limits.bytes = std::min(std::max(spec_.limits.in_flight_bytes / shares / 4, bytes_min),
                          spec_.limits.read_bytes);
  const uint64_t events = std::max(spec_.limits.in_flight_events / shares, events_min);
  limits.events = static_cast<uint32_t>(
      std::min({events, uint64_t{spec_.limits.read_events}, events_wanted()}));
  limits.wait = 100ms;
  return limits;
}

// What a read may pin: its payload, its documents, its event structs.
static size_t pinned_by(const ReadLimits& limits) {
  return limits.bytes * 3;
}

bool Pipeline::has_room(const PartState& part, const ReadLimits& limits) const {
  if (mutated("limit_ignored")) {
    return true;
  }
  if (part.ledger.held_slots() > spec_.limits.settled_slots) {
    return false;
  }
  const Room wanted = beyond_share(part, pinned_by(limits), limits.events);
  if (wanted.bytes == 0 && wanted.events == 0) {
    return true;
  }
  const Room held = beyond_share(part, 0, 0);
  const Room all = shared_ ? *shared_ : shared_room();
  return all.bytes - held.bytes + wanted.bytes <= spec_.limits.in_flight_bytes / 2 &&
         all.events - held.events + wanted.events <= spec_.limits.in_flight_events / 2;
}

// What a part holds of the half that all share, with so much more.
Pipeline::Room Pipeline::beyond_share(const PartState& part, size_t bytes, uint64_t events) const {
  const size_t shares = 2 * (parts_.size() + 1);
  bytes += part.bytes();
  events += part.events();
  return {bytes - std::min(bytes, spec_.limits.in_flight_bytes / shares),
          events - std::min<uint64_t>(events, spec_.limits.in_flight_events / shares)};
}

Pipeline::Room Pipeline::shared_room() const {
  Room all;
  for (const auto& part : parts_) {
    const Room one = beyond_share(*part, 0, 0);
    all.bytes += one.bytes;
    all.events += one.events;
  }
  return all;
}

void Pipeline::consider_reads(Instant now) {
  paused_ = false;
  shared_ = shared_room();  // once, and not for each part
  for (uint32_t i = 0; i < parts_.size(); ++i) {
    consider_read(i, now);
  }
  shared_.reset();
}

void Pipeline::consider_read(uint32_t part, Instant now) {
  PartState& state = *parts_[part];
  if (state.busy || !state.open || consider_commit(part)) {
    return;
  }
  if (phase_ != Phase::running || state.ended || state.waiting != nullptr) {
    return;
  }
  if (events_wanted() == 0) {
    paused_ = true;  // until it is known what the reads under way bring
    return;
  }
  if (state.read_at > now) {
    if (state.read_at < state.armed_at) {
      state.armed_at = state.read_at;
      arm(state.read_at, [this, part](Instant at) {
        parts_[part]->armed_at = Instant::never();
        consider_read(part, at);
      });
    }
    return;
  }
  ReadLimits limits = read_limits(size_t{64} << 10, 64);
  if (!has_room(state, limits)) {
    limits = read_limits(size_t{1} << 10, 1);  // what its own share has room for
    const auto is_idle = [](const auto& each) { return each->events() == 0; };
    // I5: one event larger than the limit passes alone.
    if (!has_room(state, limits) && !std::all_of(parts_.begin(), parts_.end(), is_idle)) {
      PROBE("reading_paused");
      return std::exchange(paused_, true) ? void() : relieve(now);
    }
  }
  state.busy = true;
  state.reserved_bytes = pinned_by(limits);
  state.reserved_events = limits.events;
  if (shared_) {
    shared_ = shared_room();
  }
  emit(action::ReadPart{part, limits});
}

// Reading stands still for want of room: batches that wait to become fuller go out, the fullest
// first, and half-empty arenas are given back.
void Pipeline::relieve(Instant now) {
  for (const auto& part : parts_) {
    part->ledger.compact();
  }
  for (uint32_t s = 0; s < sinks_.size(); ++s) {
    SinkState& sink = *sinks_[s];
    if (sink.writes > 0) {
      continue;
    }
    const uint32_t fullest = fullest_lane(sink);
    if (fullest < sink.lanes.size() && sink.lanes[fullest]->queued() > 0) {
      PROBE("lane_cut_for_room");
      consider_lane(s, fullest, now, true);
    }
  }
}

void Pipeline::read_done(uint32_t part, Result<std::unique_ptr<Chunk>> result, Instant now) {
  --under_way_;
  PartState& state = *parts_[part];
  state.busy = false;
  state.reserved_bytes = 0;
  state.reserved_events = 0;
  if (!delivering()) {
    return consider_end(now);
  }
  if (!result) {
    part_failed(part, result.error(), now);
    return consider_end(now);
  }
  std::unique_ptr<Chunk> chunk = std::move(*result);
  const bool any = !chunk->block->events.empty() || chunk->filtered > 0;
  recovered(state.outage, now);
  state.caught_up = chunk->read.caught_up;
  state.ended = chunk->read.end;
  lost_in_a_row_ = any ? 0 : lost_in_a_row_;
  filtered_ += chunk->filtered;
  events_read_ += chunk->block->events.size() + chunk->filtered;
  chunk->part = part;
  state.waiting = &state.ledger.add(std::move(chunk));
  state.next = 0;
  if (state.waiting->events == 0) {
    state.waiting = nullptr;
    advance(part, now);
  }
  if (!any && state.caught_up && !(spec_.source.wait > Duration{0})) {
    state.idle = std::clamp<Duration>(state.idle * 2, 1ms, 100ms);
    state.read_at = now + state.idle;
  } else {
    state.idle = Duration{0};
  }
  dispatch(part, now);
  continue_dispatch(now);
  consider_read(part, now);
  if (paused_) {
    consider_reads(now);
  }
  consider_end(now);
}

// Events go to the lanes in the order of the part. A control event waits until everything before it
// is settled, and what comes after it waits for the control event.
void Pipeline::dispatch(uint32_t part, Instant now) {
  PartState& state = *parts_[part];
  for (const auto& sink : sinks_) {
    ++sink->round_robin;
  }
  while (state.waiting != nullptr) {
    Chunk& chunk = *state.waiting;
    const bool barrier = is_barrier(chunk.event(state.next).op) && !mutated("barrier_ignored");
    if ((barrier || state.behind_barrier) && state.dispatched_open > 0) {
      PROBE("barrier_waits");
      break;
    }
    state.behind_barrier = barrier;
    const uint32_t index = state.next++;
    if (state.next == chunk.events) {
      state.waiting = nullptr;  // before the last settle, which may end the chunk
    }
    dispatch_event(chunk, index, now);
  }
  const bool at_barrier = state.waiting != nullptr;
  if (at_barrier != state.at_barrier) {
    state.at_barrier = at_barrier;
    waiting_barriers_ += at_barrier ? 1 : -1;
  }
  consider_all_lanes(now);
}

static const Rejection* rejection_of(const std::vector<Rejection>& rejections, uint32_t index) {
  const auto found = std::ranges::lower_bound(rejections, index, {}, &Rejection::index);
  return found != rejections.end() && found->index == index ? &*found : nullptr;
}

void Pipeline::dispatch_event(Chunk& chunk, uint32_t index, Instant now) {
  PartState& part = *parts_[chunk.part];
  const Item item{&chunk, index, 0, chunk.event(index).order_key};
  ++part.dispatched_open;
  const auto generation = chunk.event(index).order.substr(0, spec_.source.generation_bytes);
  if (part.generation != generation && !mutated("object_spans_generations")) {
    part.generation = generation;
    cut_objects(chunk.part);
  }
  if (const Rejection* rejection = rejection_of(chunk.block->rejections, index)) {
    cut_objects(chunk.part);
    part.ledger.expect(chunk, index);
    reject(nullptr, false, item, rejection->error, now);
  } else {
    source_rejections_in_a_row_ = 0;
    for (uint32_t s = 0; s < sinks_.size(); ++s) {
      route(s, chunk, index, now);
    }
  }
  settle(item, now);  // the copy that stood for the dispatch itself
}

void Pipeline::route(uint32_t s, Chunk& chunk, uint32_t index, Instant now) {
  static const Routes kDefault;
  const Routes& routes = chunk.routes.empty() ? kDefault : chunk.routes[s];
  if (!routes.taken.empty() && routes.taken[index] == 0) {
    return;
  }
  SinkState& sink = *sinks_[s];
  const Event& event = chunk.event(index);
  const OrderKey key = routes.keys.empty() ? event.order_key : routes.keys[index];
  parts_[chunk.part]->ledger.expect(chunk, index);
  const Item item{&chunk, index, static_cast<uint32_t>(event.bytes()), key};
  const Rejection* const rejection = rejection_of(routes.rejections, index);
  if (rejection != nullptr || (!sink.barred.empty() && sink.barred.contains(event))) {
    cut_objects(chunk.part);
    return rejection != nullptr ? reject(&sink, false, item, rejection->error, now)
                                : follow_into_letters(sink, item, now);
  }
  sink.unrouted_in_a_row = 0;
  sink.lanes[lane_for(s, chunk.part, key, now)]->push(item, now);
}

}  // namespace penstock::engine
