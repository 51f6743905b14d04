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

void SinkStatus::add_write(Duration took, bool any_durable) {
  const double seconds = std::chrono::duration<double>(took).count();
  const auto* const bound = std::ranges::lower_bound(kLatencyBounds, seconds);
  ++latency_counts[static_cast<size_t>(bound - kLatencyBounds.begin())];
  latency_seconds += seconds;
  batches += any_durable ? 1 : 0;
}

std::optional<Timestamp> Ledger::oldest_open() const {
  if (chunks_.empty()) {
    return std::nullopt;
  }
  const Chunk& first = *chunks_.front();
  const std::vector<uint16_t>& pending = first.pending;
  const auto open = std::find_if(pending.begin() + first.prefix, pending.end(),
                                 [](uint16_t count) { return count > 0; });
  return first.block->events[static_cast<size_t>(open - pending.begin())].at;
}

const Outage* Parts::failing() const {
  if (discover_outage_.since()) {
    return &discover_outage_;
  }
  for (const auto& part : parts_) {
    if (part->outage.since()) {
      return &part->outage;
    }
    if (part->commit_outage.since()) {
      return &part->commit_outage;
    }
  }
  return nullptr;
}

void Parts::fill(Status& status, Timestamp wall) const {
  for (const auto& part : parts_) {
    const PartState& state = *part;
    PartStatus& shown = status.parts.emplace_back();
    shown.id = state.part.id;
    shown.read = state.ledger.read();
    shown.settled = state.ledger.settled();
    shown.newest_read = state.ledger.newest_read();
    shown.newest_settled = state.ledger.newest_settled();
    shown.caught_up = state.caught_up || state.ended;
    shown.ended = state.ended;
    shown.behind = state.behind;
    shown.headroom = state.headroom;
    const std::optional<Timestamp> oldest = state.ledger.oldest_open();
    const Timestamp since =
        oldest || shown.caught_up ? oldest.value_or(wall) : shown.newest_settled;
    if (since.micros > 0) {
      shown.lag_seconds = static_cast<double>(wall.micros - since.micros) / 1e6;
    }
    status.lag_seconds = std::max(status.lag_seconds, shown.lag_seconds);
    status.behind = std::max(status.behind, shown.behind);
    if (shown.headroom) {
      status.headroom = std::min(status.headroom.value_or(*shown.headroom), *shown.headroom);
    }
  }
  status.in_flight_events = events_in_flight();
  status.in_flight_bytes = room_.total().bytes - reserved_.bytes;
  status.filtered = filtered_;
  status.lost_positions = lost_positions_;
}

const Outage* Checkpointer::failing() const {
  return lease_outage_.since() ? &lease_outage_ : outage_.since() ? &outage_ : nullptr;
}

void Checkpointer::fill(Status& status) const {
  for (uint32_t part = 0; part < tracked_.size(); ++part) {
    const Tracked& one = tracked_[part];
    PartStatus& shown = status.parts[part];
    shown.saved = !saves_positions_ ? one.settled : one.saved ? one.saved->events : 0;
    shown.committed = one.committed;
  }
  status.quarantined_keys = checkpoint_.quarantined.size();
  status.saves = saves_;
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
  parts_.fill(status, wall);
  checkpointer_.fill(status);
  for (uint32_t i = 0; i < sinks_.size(); ++i) {
    SinkStatus& shown = status.sinks.emplace_back(sinks_[i]->status(now));
    const Outage& opening = openings_[i].outage();
    if (opening.since()) {
      shown.failing = opening.error();
      shown.failing_for = now - *opening.since();
    }
  }
  status.in_flight_events_limit = spec_.limits.in_flight_events;
  status.in_flight_bytes_limit = spec_.limits.in_flight_bytes;
  status.source_rejected = source_counts_.rejected;
  status.source_dropped = source_counts_.dropped;
  status.source_dead_letters = source_counts_.dead_letters;
  return status;
}

}  // namespace penstock::engine
