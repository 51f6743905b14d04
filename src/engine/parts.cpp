// Finding, opening and reading parts; parts_settle.cpp goes on with dispatch and what is settled.
#include "engine/parts.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/probe.h"

namespace penstock::engine {

namespace {

constexpr Duration kIdleMin = 1ms;
constexpr Duration kIdleMax = 100ms;
// Of many idle parts each is looked at less often, so that all looks together take little.
constexpr Duration kIdlePerPart = 500us;
constexpr Duration kIdleMost = 2500ms;
// As is the source for new ones.
constexpr Duration kDiscoverPerPart = 1ms;
constexpr Duration kDiscoverMost = 5s;

}  // namespace

Parts::PartState::PartState(Common& common, uint32_t index, Part what)
    : part(std::move(what)),
      outage(common, common.spec.source_retry, {Timers::Kind::part, index},
             fmt::format("source {} part {}", common.spec.source_name, part.id)),
      commit_outage(common, common.spec.source_retry, {Timers::Kind::commit, index},
                    "committing at part " + part.id) {}

Parts::Parts(Common& common)
    : common_(common),
      spec_(common.spec),
      timers_(common.timers),
      room_(spec_.limits),
      discover_outage_(common, spec_.source_retry, {Timers::Kind::discover, 0},
                       fmt::format("source {}", spec_.source_name)) {}

std::optional<Action> Parts::next_question() {
  if (source_is_asked_) {
    return std::nullopt;
  }
  if (const auto part = to_open_.pop()) {
    PartState& state = *parts_[*part];
    state.stage = Stage::opening;
    source_is_asked_ = true;
    return action::OpenReader{*part, state.part, state.begin};
  }
  if (!std::exchange(ask_due_, false)) {
    return std::nullopt;
  }
  source_is_asked_ = true;
  ends_asked_ = ends_settled_;
  while (const auto part = untold_.pop()) {
    if (const auto& live = safe(*part)) {
      known_.positions[id(*part)] = live->position;
    }
  }
  return action::Discover{&known_};
}

Result<> Parts::discovered(Result<std::vector<Part>> result, Instant now) {
  source_is_asked_ = false;
  if (!result) {
    return discover_outage_.failed(result.error(), now);
  }
  discover_outage_.recovered(now);
  ends_known_ = ends_asked_;
  for (Part& part : *result) {
    if (!ids_.insert(part.id).second) {
      continue;
    }
    const auto known = known_.positions.find(part.id);
    const auto index = static_cast<uint32_t>(parts_.size());
    to_open_.push(index);
    parts_.push_back(std::make_unique<PartState>(common_, index, std::move(part)));
    if (known != known_.positions.end()) {
      parts_.back()->begin = known->second;
    }
    ++behind_;
  }
  room_.share_among(parts_.size());
  if (spec_.source.changing_parts) {
    const Duration many = kDiscoverPerPart * static_cast<int64_t>(parts_.size());
    timers_.arm(Timers::Kind::discover, 0,
                now + std::max(spec_.discover_every, std::min(many, kDiscoverMost)));
  }
  return {};
}

Result<> Parts::opened(uint32_t part, Result<> result, Instant now) {
  source_is_asked_ = false;
  parts_[part]->stage = result ? Stage::open : Stage::found;
  if (!result) {
    return failed(part, result.error(), now);
  }
  consider_read(part, now);
  return {};
}

Result<> Parts::failed(uint32_t part, const Error& error, Instant now) {
  if (reaction_to(error.kind) == Reaction::lost) {
    return lost_position(part, error);
  }
  PartState& state = *parts_[part];
  PROBE("source_retried");
  TRY(state.outage.failed(error, now));
  state.read_at = state.outage.retry_at();
  return {};
}

Result<> Parts::lost_position(uint32_t part, const Error& error) {
  PartState& state = *parts_[part];
  ++lost_positions_;
  ++lost_in_a_row_;
  if (spec_.on_lost_position == OnLostPosition::fail ||
      lost_in_a_row_ > spec_.limits.lost_positions_in_a_row) {
    return fatal(fmt::format(
        "{}: the saved position is lost: {}; see on_lost_position, or `penstock checkpoint reset`",
        state.outage.what(), error.what));
  }
  PROBE("lost_position_restarts");
  const bool earliest = spec_.on_lost_position == OnLostPosition::earliest;
  common_.notices.push_back(
      {Log::Level::error,
       fmt::format("{}: the saved position is lost, reading goes on at the {}: {}",
                   state.outage.what(), earliest ? "earliest" : "latest", error.what)});
  state.part.start = earliest ? Part::Start::earliest : Part::Start::latest;
  state.begin.reset();
  state.stage = Stage::found;
  set_progress(state, false, state.ended);
  if (!state.committing) {  // else once that is answered: it has the old reader
    to_open_.push(part);
  }
  return {};
}

void Parts::timer(uint32_t part, Instant now) {
  PartState& state = *parts_[part];
  if (state.stage == Stage::found && !state.committing) {
    to_open_.push(part);
    return;
  }
  consider_read(part, now);
}

void Parts::signalled(uint32_t part, Instant now) {
  PartState& state = *parts_[part];
  if (state.reading) {
    state.signal_came = true;
  } else if (!state.outage.since()) {
    state.idle = Duration{0};
    state.read_at = std::min(state.read_at, now);
    consider_read(part, now);
  }
}

void Parts::consider_read(uint32_t part, Instant now) {
  PartState& state = *parts_[part];
  if (!wants_read(part) ||
      (starved_.contains(part) && !fits_when_compacted(part, room_.smallest_read()))) {
    return;
  }
  if (state.read_at > now) {
    return timers_.arm(Timers::Kind::part, part, state.read_at);
  }
  readable_.push(part);
}

// What `until.events` leaves to be asked for.
uint64_t Parts::events_wanted() const {
  const uint64_t all = spec_.until.events.value_or(UINT64_MAX);
  return all - std::min(all, events_read_ + reserved_.events);
}

bool Parts::fits(uint32_t part, const ReadLimits& limits) const {
  return room_.fits(part, Room::pinned_by(limits));
}

// Where it does not fit, half-empty arenas are given back: its own, and those of one that holds
// more than its share.
bool Parts::fits_when_compacted(uint32_t part, const ReadLimits& limits) {
  if (fits(part, limits)) {
    return true;
  }
  compact(part);
  if (const auto other = room_.next_beyond_share()) {
    compact(*other);
  }
  return fits(part, limits);
}

void Parts::compact(uint32_t part) {
  parts_[part]->ledger.compact();
  count(part);
}

std::optional<action::ReadPart> Parts::take_read(Instant now) {
  while (has_read()) {
    const uint32_t part = *readable_.pop();
    PartState& state = *parts_[part];
    if (!wants_read(part) || state.read_at > now) {
      continue;
    }
    ReadLimits limits = room_.full_read();
    if (!fits(part, limits)) {
      limits = room_.good_read();
    }
    if (!fits(part, limits)) {
      limits = room_.small_read(part);
      // I5: one event larger than the limit passes alone.
      if (!fits_when_compacted(part, limits) && !room_.is_empty()) {
        PROBE("reading_paused");
        relief_due_ = starved_.push(part) || relief_due_;
        continue;
      }
    }
    limits.events = static_cast<uint32_t>(std::min<uint64_t>(limits.events, events_wanted()));
    limits.wait = spec_.source.wait;
    state.reading = true;
    state.signal_came = false;
    reserve(part, Room::pinned_by(limits));
    return action::ReadPart{part, limits};
  }
  return std::nullopt;
}

void Parts::reserve(uint32_t part, const Holding& reserved) {
  PartState& state = *parts_[part];
  reserved_ = reserved_ - state.reserved + reserved;
  state.reserved = reserved;
  count(part);
}

// Its holding, in the sums.
void Parts::count(uint32_t part) {
  const PartState& state = *parts_[part];
  room_.set(part, Holding{state.ledger.pinned_bytes(), state.ledger.open()} + state.reserved);
}

Result<> Parts::read_done(uint32_t part, Result<std::unique_ptr<Chunk>> result, Instant now) {
  PartState& state = *parts_[part];
  state.reading = false;
  reserve(part, {});
  touched_.push(part);
  if (!result) {
    return failed(part, result.error(), now);
  }
  state.outage.recovered(now);
  std::unique_ptr<Chunk> chunk = std::move(*result);
  const uint64_t events = chunk->block->events.size() + chunk->filtered;
  set_progress(state, chunk->read.caught_up, chunk->read.end);
  state.behind = chunk->read.behind;
  state.headroom = chunk->read.headroom;
  lost_in_a_row_ = events > 0 ? 0 : lost_in_a_row_;
  filtered_ += chunk->filtered;
  events_read_ += events;
  if (events > 0 || !state.caught_up || state.signal_came || spec_.source.wait > Duration{0}) {
    state.idle = Duration{0};
  } else {
    const Duration most = std::clamp<Duration>(kIdlePerPart * static_cast<int64_t>(parts_.size()),
                                               kIdleMax, kIdleMost);
    state.idle = std::clamp<Duration>(state.idle * 2, kIdleMin, most);
    state.read_at = now + state.idle;
  }
  chunk->part = part;
  chunk->arrived = now;
  state.waiting = state.ledger.add(std::move(chunk));
  state.next = 0;
  if (state.waiting != nullptr) {
    dispatchable_.push(part);
  }
  consider_read(part, now);
  return {};
}

void Parts::set_progress(PartState& state, bool caught_up, bool ended) {
  behind_ -= state.is_behind() ? 1 : 0;
  ends_ += ended && !state.ended ? 1 : 0;
  state.caught_up = caught_up;
  state.ended = ended;
  behind_ += state.is_behind() ? 1 : 0;
}

}  // namespace penstock::engine
