// Which lane an event goes to, and when a lane writes.
#include <algorithm>

#include "base/mutation.h"
#include "engine/pipeline.h"

namespace penstock::engine {

// An object never spans an event that was rejected, or two generations: after a restart its name
// would cover what is not in it.
void Pipeline::cut_objects(uint32_t part) {
  for (const auto& sink : sinks_) {
    for (const auto& [key, lane] : sink->lane_of_key) {
      if (sink->lanes[lane]->part == part) {
        sink->lanes[lane]->cut();
      }
    }
  }
}

uint32_t Pipeline::lane_for(uint32_t s, uint32_t part, const OrderKey& key, Instant now) {
  SinkState& sink = *sinks_[s];
  if (!sink.spec.traits.folders) {
    const auto lanes = static_cast<uint32_t>(sink.lanes.size());
    if (mutated("two_writes_of_key")) {
      return static_cast<uint32_t>(random_.below(lanes));
    }
    return static_cast<uint32_t>((key.is_zero() ? sink.round_robin : key.high) % lanes);
  }
  const OrderKey lane_key{key.low ^ (uint64_t{part} * 0x9e3779b97f4a7c15ULL), key.high};
  const auto found = sink.lane_of_key.find(lane_key);
  if (found != sink.lane_of_key.end()) {
    return found->second;
  }
  if (sink.lane_of_key.size() >= sink.spec.open_lanes_max) {
    PROBE("open_object_cut_for_another");
    consider_lane(s, fullest_lane(sink), now, true);
  }
  return open_lane(sink, lane_key, part);
}

uint32_t Pipeline::fullest_lane(const SinkState& sink) {
  const auto waiting = [](const auto& lane) { return lane->in_flight() ? 0 : lane->queued(); };
  const auto fullest = std::ranges::max_element(sink.lanes, {}, waiting);
  return static_cast<uint32_t>(fullest - sink.lanes.begin());
}

uint32_t Pipeline::open_lane(SinkState& sink, const OrderKey& key, uint32_t part) {
  auto lane = static_cast<uint32_t>(sink.lanes.size());
  if (!sink.free_lanes.empty()) {
    lane = sink.free_lanes.back();
    sink.free_lanes.pop_back();
  } else {
    sink.lanes.emplace_back();
  }
  sink.lanes[lane] = std::make_unique<Lane>(sink.spec, sink.quarantine, random_.next());
  sink.lanes[lane]->lane_key = key;
  sink.lanes[lane]->part = part;
  if (sink.spec.traits.folders) {
    sink.lane_of_key.emplace(key, lane);
  }
  return lane;
}

void Pipeline::consider_all_lanes(Instant now) {
  for (uint32_t s = 0; s < sinks_.size(); ++s) {
    for (uint32_t lane = 0; lane < sinks_[s]->lanes.size(); ++lane) {
      consider_lane(s, lane, now);
    }
  }
}

// A lake has many folders open and few writes in flight. A folder of a part always has the same
// slot, because the sink keeps by slot what it knows of a folder.
uint32_t Pipeline::slot_of(const SinkState& sink, uint32_t lane) {
  return static_cast<uint32_t>(sink.lanes[lane]->lane_key.high % sink.busy_slots.size());
}

bool Pipeline::may_write(const SinkState& sink, uint32_t lane, Instant now) const {
  if (!lease_covers_write(now, sink.spec.write_deadline)) {
    PROBE("write_waits_for_lease");
    return false;  // the next save renews it, or ends the pipeline
  }
  return !sink.spec.traits.folders || !sink.busy_slots[slot_of(sink, lane)];
}

void Pipeline::consider_lane(uint32_t s, uint32_t l, Instant now, bool flush) {
  if (!delivering()) {
    return;
  }
  SinkState& sink = *sinks_[s];
  Lane& lane = *sink.lanes[l];
  for (;;) {
    Instant at = lane.ready_at(now, flush || flushing());
    if (at == Instant::never()) {
      return;
    }
    at = std::max(at, sink.paced_until);
    if (at > now) {
      if (at < lane.armed_at) {
        lane.armed_at = at;
        arm(at, [this, s, l](Instant due) {
          sinks_[s]->lanes[l]->armed_at = Instant::never();
          consider_lane(s, l, due);
        });
      }
      return;
    }
    if (!may_write(sink, l, now)) {
      return;
    }
    Taken taken = lane.take(now);
    for (const Item& item : taken.diverted) {
      follow_into_letters(sink, item, now);
    }
    if (!taken.batch.empty()) {
      return issue_write(s, l, std::move(taken.batch), now);
    }
  }
}

}  // namespace penstock::engine
