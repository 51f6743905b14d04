// Which lane an event goes to, and when a lane writes.
#include <algorithm>

#include "base/mutation.h"
#include "engine/pipeline.h"

namespace penstock::engine {

// An object never spans an event that was rejected: after a restart its name would cover it.
void Pipeline::cut_objects(uint32_t part) {
  for (const auto& sink : sinks_) {
    if (!sink->spec.traits.lane_per_key) {
      continue;
    }
    for (const auto& [key, lane] : sink->lane_of_key) {
      if (sink->lane_parts[lane] == part) {
        sink->lanes[lane]->push_gap();
      }
    }
  }
}

uint32_t Pipeline::lane_for(uint32_t s, uint32_t part, const OrderKey& key, Instant now) {
  SinkState& sink = *sinks_[s];
  if (!sink.spec.traits.lane_per_key) {
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
    uint32_t fullest = sink.lane_of_key.begin()->second;
    for (const auto& [other, lane] : sink.lane_of_key) {
      const bool fuller = sink.lanes[lane]->queued() > sink.lanes[fullest]->queued();
      fullest = fuller && !sink.lanes[lane]->in_flight() ? lane : fullest;
    }
    consider_lane(s, fullest, now, true);
  }
  const uint32_t lane = open_lane(sink, lane_key);
  sink.lane_parts[lane] = part;
  return lane;
}

uint32_t Pipeline::open_lane(SinkState& sink, const OrderKey& key) {
  auto lane = static_cast<uint32_t>(sink.lanes.size());
  if (!sink.free_lanes.empty()) {
    lane = sink.free_lanes.back();
    sink.free_lanes.pop_back();
  } else {
    sink.lanes.emplace_back();
    sink.lane_parts.push_back(0);
    sink.key_of_lane.emplace_back();
  }
  sink.lanes[lane] = std::make_unique<Lane>(sink.spec, random_.next());
  sink.key_of_lane[lane] = key;
  if (sink.spec.traits.lane_per_key) {
    sink.lane_of_key.emplace(key, lane);
  }
  return lane;
}

void Pipeline::close_lane(SinkState& sink, uint32_t l) {
  if (!sink.spec.traits.lane_per_key || !sink.lanes[l]->empty() || sink.lanes[l]->waiting ||
      sink.lanes[l]->touched) {
    return;
  }
  const auto found = sink.lane_of_key.find(sink.key_of_lane[l]);
  if (found != sink.lane_of_key.end() && found->second == l) {
    sink.lane_of_key.erase(found);
    sink.free_lanes.push_back(l);
  }
}

void Pipeline::consider_touched(Instant now) {
  for (uint32_t s = 0; s < sinks_.size(); ++s) {
    std::vector<uint32_t>& touched = sinks_[s]->touched;
    for (size_t i = 0; i < touched.size(); ++i) {
      sinks_[s]->lanes[touched[i]]->touched = false;
      consider_lane(s, touched[i], now);
    }
    touched.clear();
  }
}

void Pipeline::consider_all_lanes(Instant now) {
  for (uint32_t s = 0; s < sinks_.size(); ++s) {
    for (uint32_t l = 0; l < sinks_[s]->lanes.size(); ++l) {
      consider_lane(s, l, now);
    }
  }
}

// A lake has many folders open and few writes in flight. A folder of a part always has the same
// slot, because the sink keeps by slot what it knows of a folder.
uint32_t Pipeline::slot_of(const SinkState& sink, uint32_t lane) {
  return static_cast<uint32_t>(sink.key_of_lane[lane].high % sink.busy_slots.size());
}

bool Pipeline::may_write(SinkState& sink, uint32_t lane, Instant now) {
  if (!lease_covers_write(now, sink.spec.write_deadline)) {
    PROBE("write_waits_for_lease");
    return false;  // the next save renews it, or ends the pipeline
  }
  if (sink.spec.traits.lane_per_key && sink.busy_slots[slot_of(sink, lane)]) {
    if (!sink.lanes[lane]->waiting) {
      sink.lanes[lane]->waiting = true;
      sink.waiting.push_back(lane);
    }
    return false;
  }
  return true;
}

void Pipeline::consider_lane(uint32_t s, uint32_t l, Instant now, bool flush) {
  if (phase_ != Phase::running && phase_ != Phase::finishing && phase_ != Phase::draining) {
    return;
  }
  SinkState& sink = *sinks_[s];
  Lane& lane = *sink.lanes[l];
  for (;;) {
    Instant at = lane.ready_at(now, flush || flushing());
    if (at == Instant::never()) {
      return;
    }
    if (sink.spec.rate > 0 && at <= now) {
      const double waited = std::chrono::duration<double>(now - sink.tokens_at).count();
      sink.tokens = std::min(sink.spec.rate, sink.tokens + waited * sink.spec.rate);
      sink.tokens_at = now;
      if (sink.tokens < 0) {
        at = now +
             std::chrono::duration_cast<Duration>(
                 std::chrono::duration<double>(-sink.tokens / sink.spec.rate)) +
             1ms;
      }
    }
    if (at > now) {
      if (at < lane.armed_at) {
        lane.armed_at = at;
        arm(Timer::Kind::lane, at, s, l);
      }
      return;
    }
    if (!may_write(sink, l, now)) {
      return;
    }
    std::vector<Item> items;
    if (!spare_tasks_.empty()) {
      items = std::move(spare_tasks_.back()->items);
      items.clear();
    }
    std::vector<Item> diverted;
    lane.take(now, sink.quarantine, items, diverted);
    for (const Item& item : diverted) {
      PROBE("quarantined_key_follows");
      ++sink.counts.rejected;
      bury(item, sink.spec.name, "an earlier change of this key was rejected", true, now);
    }
    if (!items.empty()) {
      return issue_write(s, l, std::move(items), now);
    }
  }
}

}  // namespace penstock::engine
