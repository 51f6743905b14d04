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

size_t Pipeline::in_flight_bytes() const {
  size_t bytes = 0;
  for (const auto& part : parts_) {
    bytes += part->ledger.pinned_bytes();
  }
  return bytes;
}

uint64_t Pipeline::in_flight_events() const {
  uint64_t events = 0;
  for (const auto& part : parts_) {
    events += part->ledger.open();
  }
  return events;
}

State Pipeline::state() const {
  switch (phase_) {
    case Phase::opening:
      return State::starting;
    case Phase::running:
      return State::running;
    case Phase::finishing:
    case Phase::draining:
    case Phase::failing:
    case Phase::closing:
      return State::draining;
    case Phase::ended:
      return outcome_;
  }
  unreachable();
}

std::string Pipeline::waits_for(Instant now) const {
  std::vector<const Outage*> outages{&letters_outage_, &save_outage_, &discover_outage_};
  for (const auto& part : parts_) {
    outages.push_back(&part->outage);
  }
  for (const Outage* outage : outages) {
    if (outage->since && phase_ != Phase::ended) {
      return fmt::format("waits for {} since {:.0f} s: {}", outage->what,
                         std::chrono::duration<double>(now - *outage->since).count(),
                         outage->error);
    }
  }
  return "";
}

Status Pipeline::status(Timestamp wall, Instant now) const {
  Status status;
  status.name = spec_.name;
  status.state = state();
  status.reason = reason_.empty() ? waits_for(now) : reason_;
  for (const auto& part : parts_) {
    PartStatus& shown = status.parts.emplace_back();
    shown.id = part->part.id;
    shown.read = part->ledger.read();
    shown.settled = part->ledger.settled();
    shown.saved = part->saved_count;
    shown.committed = part->committed_count;
    shown.newest_read = part->ledger.newest_read();
    shown.newest_settled = part->ledger.newest_settled();
    shown.caught_up = part->caught_up || part->ended;
    shown.ended = part->ended;
    const std::optional<Timestamp> oldest = part->ledger.oldest_open();
    const Timestamp behind =
        oldest || shown.caught_up ? oldest.value_or(wall) : shown.newest_settled;
    if (behind.micros > 0) {
      const double lag = static_cast<double>(wall.micros - behind.micros) / 1e6;
      status.lag_seconds = std::max(status.lag_seconds, lag);
    }
  }
  for (const auto& sink : sinks_) {
    SinkStatus& shown = status.sinks.emplace_back(sink->counts);
    for (const auto& lane : sink->lanes) {
      shown.queued += lane->queued();
      shown.parked_keys += lane->parked_keys();
    }
    shown.writes_in_flight = sink->writes;
    if (const auto since = sink->opened ? failing_since(*sink) : sink->outage.since) {
      shown.failing = sink->outage.error;
      shown.failing_for = now - *since;
    }
  }
  status.in_flight_events = in_flight_events();
  status.in_flight_bytes = in_flight_bytes();
  status.in_flight_events_limit = spec_.limits.in_flight_events;
  status.in_flight_bytes_limit = spec_.limits.in_flight_bytes;
  status.filtered = filtered_;
  status.source_rejected = source_rejected_;
  status.source_dropped = source_dropped_;
  status.source_dead_letters = source_dead_letters_;
  status.quarantined_keys = checkpoint_.quarantined.size();
  status.lost_positions = lost_positions_;
  status.saves = saves_;
  return status;
}

}  // namespace penstock::engine
