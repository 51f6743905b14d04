#include "engine/status.h"

#include <algorithm>

#include "base/check.h"
#include "engine/pipeline.h"

namespace penstock::engine {

std::string_view name_of(State state) {
  switch (state) {
    case State::starting:
      return "starting";
    case State::running:
      return "running";
    case State::draining:
      return "draining";
    case State::finished:
      return "finished";
    case State::stopped:
      return "stopped";
    case State::failed:
      return "failed";
  }
  unreachable();
}

void SinkStatus::add_write(Duration took, bool is_durable) {
  const double seconds = std::chrono::duration<double>(took).count();
  const auto* const bound = std::ranges::lower_bound(kLatencyBounds, seconds);
  ++latency_counts[static_cast<size_t>(bound - kLatencyBounds.begin())];
  latency_seconds += seconds;
  batches += is_durable ? 1 : 0;
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

void Checkpointer::fill(uint32_t part, PartStatus& status) const {
  if (part < tracked_.size()) {
    const Tracked& one = tracked_[part];
    status.saved = !saves_positions_ ? one.settled : one.saved ? one.saved->events : 0;
    status.committed = one.committed;
  }
}

SinkStatus SinkQueue::status(Instant now) const {
  SinkStatus shown = counts_;
  for (const Entry& entry : queues_) {
    if (entry.queue != nullptr) {
      shown.queued += entry.queue->queued();
      shown.parked_keys += entry.queue->parked_keys();
    }
  }
  shown.writes_in_flight = writes_;
  if (const auto since = failing_since()) {
    shown.failing = outage_.error();
    shown.failing_for = now - *since;
  }
  return shown;
}

std::string Pipeline::waits_for(Instant now) const {
  std::vector<const Outage*> all{checkpointer_.failing(), &rejected_.outage(), parts_.failing()};
  if (spec_.has_dead_letter) {
    all.push_back(&openings_.back().outage());
  }
  for (const Outage* outage : all) {
    if (outage != nullptr && outage->since() && !ended()) {
      return outage->text(now);
    }
  }
  return "";
}

Status Pipeline::status(Timestamp wall, Instant now) const {
  Status status;
  status.name = spec_.name;
  status.state = phases_.state();
  status.reason = phases_.reason().empty() ? waits_for(now) : phases_.reason();
  for (uint32_t i = 0; i < parts_.size(); ++i) {
    PartStatus& shown = status.parts.emplace_back();
    parts_.fill(i, shown, wall);
    checkpointer_.fill(i, shown);
    status.lag_seconds = std::max(status.lag_seconds, shown.lag_seconds);
    status.behind = std::max(status.behind, shown.behind);
    if (shown.headroom) {
      status.headroom = std::min(status.headroom.value_or(*shown.headroom), *shown.headroom);
    }
  }
  for (uint32_t i = 0; i < sinks_.size(); ++i) {
    SinkStatus& shown = status.sinks.emplace_back(sinks_[i]->status(now));
    const Outage& opening = openings_[i].outage();
    if (opening.since()) {
      shown.failing = opening.error();
      shown.failing_for = now - *opening.since();
    }
  }
  status.in_flight_events = parts_.events_in_flight();
  status.in_flight_bytes = parts_.bytes_in_flight();
  status.in_flight_events_limit = spec_.limits.in_flight_events;
  status.in_flight_bytes_limit = spec_.limits.in_flight_bytes;
  status.filtered = parts_.filtered();
  status.source_rejected = source_counts_.rejected;
  status.source_dropped = source_counts_.dropped;
  status.source_dead_letters = source_counts_.dead_letters;
  status.quarantined_keys = checkpointer_.quarantined_keys();
  status.lost_positions = parts_.lost_positions();
  status.saves = checkpointer_.saves();
  return status;
}

}  // namespace penstock::engine
