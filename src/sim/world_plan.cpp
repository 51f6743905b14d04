// What a seed draws: the plan, the kind of source and store, the sinks, the history of the source.
#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "sim/world.h"

namespace penstock::sim {

void World::make_plan() {
  Random& r = random_;
  plan_.parts = 1 + static_cast<uint32_t>(r.below(4));
  plan_.keys = 2 + static_cast<uint32_t>(r.below(30));
  plan_.liveness = r.chance(0.25);
  const auto sometimes = [&r](double most) {
    return r.chance(0.5) ? most * static_cast<double>(r.below(100)) / 100 : 0;
  };
  plan_.partial = sometimes(0.3);
  plan_.whole = sometimes(0.3);
  plan_.ambiguous = sometimes(0.3);
  plan_.reject_whole = sometimes(0.3);
  plan_.throttled = sometimes(0.1);
  plan_.late = sometimes(0.1);
  plan_.failing_save = sometimes(0.4);
  plan_.failing_read = sometimes(0.1);
  plan_.failing_letters = sometimes(0.4);
  plan_.failing_open = sometimes(0.5);
  plan_.lost_position = sometimes(0.2);
  plan_.lease_life = r.chance(0.4) ? Duration{10s} : Duration{0};
  plan_.lease_expires = plan_.lease_life > Duration{0} && r.chance(0.5) && !plan_.liveness;
  plan_.outage = r.chance(0.15) ? Duration{90s} : Duration{0};

  engine::PipelineSpec& spec = plan_.spec;
  spec.name = "sim";
  spec.source_name = "scripted";
  spec.fingerprint = "scripted";
  spec.source.generation_bytes = 4;
  spec.has_checkpoint = true;
  spec.has_dead_letter = true;
  spec.dead_letter_deadline = 2s;
  spec.on_lost_position = engine::OnLostPosition::earliest;
  spec.limits.lost_positions_in_a_row = 100;
  spec.source_on_reject = r.chance(0.5) ? engine::OnReject::dead_letter : engine::OnReject::drop;
  spec.source_retry = {.attempts = {}, .give_up_after = {}, .initial = 10ms, .max = 1s};
  spec.store_retry = spec.source_retry;
  spec.limits.in_flight_events = static_cast<uint32_t>(20 + r.below(200));
  if (plan_.liveness) {
    spec.limits.in_flight_events = 2'000;  // the stuck key's own events fit into a share
  }
  spec.limits.read_events = static_cast<uint32_t>(1 + r.below(40));
  spec.save_every = Duration{1ms * static_cast<int64_t>(1 + r.below(300))};
  spec.seed = r.next();
}

// What kind of source and store it is. Drawn from chance of its own, so that the rest of a seed's
// plan stays what it was.
void World::make_source() {
  Random r(plan_.seed ^ 0x50c3);
  engine::PipelineSpec& spec = plan_.spec;
  const double kind = static_cast<double>(r.below(100)) / 100;
  spec.source.progress = kind < 0.6    ? Progress::saved
                         : kind < 0.85 ? Progress::source_owned
                                       : Progress::none;
  spec.has_checkpoint = r.chance(spec.source.progress == Progress::saved ? 0.9 : 0.7);
  plan_.durable_order = spec.source.progress != Progress::none;
  if (!spec.has_checkpoint) {
    plan_.lease_life = Duration{0};
    plan_.lease_expires = false;
  }
  plan_.parents.resize(plan_.parts);
  spec.source.changing_parts = !plan_.liveness && r.chance(0.3);
  for (uint32_t i = 1; spec.source.changing_parts && i < plan_.parts; ++i) {
    if (r.chance(0.6)) {
      plan_.parents[i] = static_cast<uint32_t>(r.below(i));
    }
  }
  spec.until.caught_up = spec.source.changing_parts;
  spec.discover_every = 1ms * static_cast<int64_t>(50 + r.below(2'000));
  plan_.signals = r.chance(0.3);
  const auto sometimes = [&r](double most) {
    return r.chance(0.5) ? most * static_cast<double>(r.below(100)) / 100 : 0;
  };
  plan_.failing_lease = sometimes(0.5);
  plan_.failing_parts = sometimes(0.3);
  plan_.slow_store = sometimes(0.3);
  if (!plan_.liveness && r.chance(0.2)) {
    spec.limits.in_flight_bytes = size_t{1} << (20 + r.below(4));
  }
  if (r.chance(0.5)) {
    spec.position_before = [](const Position&, std::string_view order) {
      const auto index = std::stoul(std::string(order.substr(4, 4)), nullptr, 16);
      return std::optional<Position>(fmt::format("1 {}", index));
    };
  }
  if (spec.has_checkpoint && r.chance(0.2)) {
    spec.source_on_reject = engine::OnReject::quarantine;
  }
}

void World::make_sinks() {
  Random& r = random_;
  const size_t count = r.chance(0.4) ? 1 : 2 + r.below(3);
  for (size_t i = 0; i < count; ++i) {
    TargetState target;
    target.kind = static_cast<Target>(r.below(3));
    target.on_reject = std::array{engine::OnReject::drop, engine::OnReject::dead_letter,
                                  engine::OnReject::quarantine}[r.below(3)];
    if (target.on_reject == engine::OnReject::quarantine && !plan_.spec.has_checkpoint) {
      target.on_reject = engine::OnReject::dead_letter;  // a file that says so is refused
    }
    engine::SinkSpec sink;
    sink.name = fmt::format("sink{}", i);
    sink.batch_events = static_cast<uint32_t>(1 + r.below(30));
    sink.batch_wait =
        r.chance(0.5) ? Duration{0} : Duration{1ms * static_cast<int64_t>(r.below(400))};
    sink.lanes = target.kind == Target::in_order ? 1 : static_cast<uint32_t>(1 + r.below(4));
    sink.open_folders_max = static_cast<uint32_t>(1 + r.below(4));
    sink.traits.writes_in_order = target.kind != Target::keyed;
    sink.traits.folders = target.kind == Target::lake;
    sink.retry = {.attempts = {}, .give_up_after = {}, .initial = 10ms, .max = 1s};
    sink.traits.write_deadline = 2s;
    sink.on_reject = target.on_reject;
    plan_.spec.sinks.push_back(sink);
    targets_.push_back(std::move(target));
  }
  // Drawn apart, as in make_source().
  Random apart(plan_.seed ^ 0xba7c);
  for (engine::SinkSpec& sink : plan_.spec.sinks) {
    if (apart.chance(0.3)) {
      sink.batch_bytes = 10 + apart.below(300);  // an event has some 12
    }
    if (apart.chance(0.1)) {
      sink.batch_wait = Duration{1ms * static_cast<int64_t>(apart.below(5'000))};
    }
  }
  plan_.spec.dead_letter_deadline = 1s * static_cast<int64_t>(2 + apart.below(5));
  plan_.failing_commit = apart.chance(0.3) ? 0.3 : 0;
  // A lake goes by the orders of events, which never come again within a run.
  const bool has_lake =
      std::ranges::any_of(targets_, [](auto& t) { return t.kind == Target::lake; });
  plan_.losing_read = apart.chance(0.4) && !has_lake && !plan_.liveness ? 0.02 : 0;
  if (!plan_.liveness && apart.chance(0.2)) {
    plan_.spec.limits.in_flight_bytes = size_t{1} << (14 + apart.below(7));
  }
  plan_.outage_sink = static_cast<uint32_t>(apart.below(count));
}

void World::make_history() {
  Random& r = random_;
  const uint32_t total = 200 + static_cast<uint32_t>(r.below(150));
  const double poison = r.chance(0.5) ? 0.03 : 0;
  const double rejected = r.chance(0.6) ? 0.05 : 0;
  const double filtered = r.chance(0.4) ? 0.2 : 0;
  const double barriers = !plan_.liveness && r.chance(0.4) ? 0.02 : 0;
  const double keyless = r.chance(0.4) ? 0.2 : 0;
  history_.resize(plan_.parts);
  trimmed_.assign(plan_.parts, 0);
  proven_.assign(plan_.parts, 0);
  for (uint32_t i = 0; i < total; ++i) {
    const auto part = static_cast<uint32_t>(r.below(plan_.parts));
    ScriptedEvent event;
    event.part = part;
    event.index = static_cast<uint32_t>(history_[part].size());
    event.barrier = r.chance(barriers);
    event.poison = !event.barrier && r.chance(poison);
    // Low numbers more often: a few hot keys, many cold ones.
    const uint64_t number = r.below(1 + r.below(plan_.keys));
    const bool is_keyless = event.barrier || event.poison || r.chance(keyless);
    event.key =
        is_keyless && !(event.poison && number % 2 == 0) ? "" : fmt::format("p{}k{}", part, number);
    event.folder = fmt::format("f{}", number % 3);
    for (size_t s = 0; s < targets_.size(); ++s) {
      // A poison event is taken by all, so that one that comes through is seen.
      event.taken_by.push_back(event.barrier || event.poison || !r.chance(filtered));
      event.rejected_by.push_back(!event.barrier && !event.poison && event.taken_by[s] &&
                                  r.chance(rejected));
    }
    history_[part].push_back(std::move(event));
  }
  Random times(plan_.seed ^ 0x71e5);
  // A run that ends where the source is caught up would miss it.
  const bool later = times.chance(0.3) && !plan_.spec.until.caught_up;
  for (auto& part : history_) {
    Instant at;
    for (ScriptedEvent& event : part) {
      if (later && times.chance(0.2)) {
        at = at + 1ms * static_cast<int64_t>(times.below(400));
      }
      event.arrives = at;
      arrivals_.emplace_back(at, event.part);
    }
  }
  std::ranges::sort(arrivals_);
  if (plan_.liveness) {
    plan_.stuck_key = fmt::format("p0k{}", r.below(std::min<uint32_t>(plan_.keys, 3)));
  }
  for (size_t s = 0; s < targets_.size(); ++s) {
    for (const auto& part : history_) {
      for (const ScriptedEvent& event : part) {
        if (!event.key.empty() && event.taken_by[s] && !event.poison) {
          targets_[s].keys[event.key].events.push_back(&event);
        }
      }
    }
  }
}

}  // namespace penstock::sim
