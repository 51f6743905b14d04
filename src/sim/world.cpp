// The checks; world_plan.cpp draws the plan and the history, components.cpp has the source, the
// targets and the stores.
#include "sim/world.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"

namespace penstock::sim {

namespace {

uint32_t number_of(const Position& position) {
  return static_cast<uint32_t>(std::stoul(position.substr(position.find(' ') + 1)));
}

}  // namespace

std::string ScriptedEvent::id() const {
  return fmt::format("p{}/{}", part, index);
}

World::World(uint64_t seed) : random_(seed), files_(std::make_unique<SimFiles>()) {
  plan_.seed = seed;
  make_plan();
  make_source();
  make_sinks();
  make_history();
}

World::~World() = default;

void World::violate(std::string what) {
  if (!violation_) {
    violation_ = Violation{std::move(what)};
  }
}

void World::heal() {
  healed_ = true;
}

bool World::stuck(const std::string& key) const {
  return !healed_ && plan_.liveness && key == plan_.stuck_key;
}

const ScriptedEvent& World::event_of(const Event& event) const {
  uint32_t part = 0, index = 0;
  const char* const end = event.id.data() + event.id.size();
  const auto slash = std::from_chars(event.id.data() + 1, end, part).ptr;
  CHECK(std::from_chars(slash + 1, end, index).ptr == end);
  return history_.at(part).at(index);
}

Instant World::next_arrival() const {
  return plan_.signals && next_arrival_ < arrivals_.size() ? arrivals_[next_arrival_].first
                                                           : Instant::never();
}

uint32_t World::take_arrival() {
  return arrivals_[next_arrival_++].second;
}

void World::run_starts(uint32_t) {
  listening.clear();
  outage_writes_ = 0;
  run_at_ = now_;
  for (TargetState& target : targets_) {
    target.writing.clear();
    target.slots.clear();
    target.slot_of.clear();
    target.quarantined.clear();
    for (const Quarantined& key : saved ? saved->quarantined : std::vector<Quarantined>{}) {
      if (key.sink == plan_.spec.sinks[static_cast<size_t>(&target - targets_.data())].name) {
        target.quarantined.insert(key.text);
      }
    }
    for (auto& [key, history] : target.keys) {
      history.known = -1;
      history.again = false;
    }
  }
}

void World::crash(bool machine) {
  machine ? files_->crash_machine(random_) : files_->crash_process();
}

bool World::disposed(uint32_t sink, const ScriptedEvent& event) const {
  const TargetState& target = targets_[sink];
  return !event.taken_by[sink] || target.durable.contains(event) || target.buried.contains(event) ||
         (event.rejected_by[sink] && target.on_reject == engine::OnReject::drop);
}

// I4, and the lease: what must hold when a write begins.
void World::write_starts(uint32_t sink, const Batch& batch) {
  TargetState& target = targets_[sink];
  check_outage(sink);
  check_batch(sink, batch);
  check_lease(plan_.spec.sinks[sink].traits.write_deadline, "a write to a sink");
  std::set<std::string> keys;
  for (const Event* event : batch.events) {
    const ScriptedEvent& scripted = event_of(*event);
    const std::string key = target.kind == Target::lake
                                ? fmt::format("p{}{}", scripted.part, scripted.folder)
                                : scripted.key;
    if (target.kind == Target::lake && batch.part != fmt::format("p{}", scripted.part)) {
      violate(fmt::format("an object of part {} got {}", batch.part, scripted.id()));
    }
    if (!key.empty() && !keys.insert(key).second && target.kind == Target::keyed) {
      violate(fmt::format("I4: a batch repeats key {} at sink{}", key, sink));
    }
    if (!key.empty() && target.slot_of.try_emplace(key, batch.slot).first->second != batch.slot) {
      violate(fmt::format("key {} has changed its slot at sink{}", key, sink));
    }
    if (!key.empty() && target.writing.contains(key)) {
      violate(fmt::format("I4: key {} is in two writes at sink{}", key, sink));
    }
    // A control event waits for all before it, and all after it wait for it.
    const auto& part = history_[scripted.part];
    for (uint32_t i = proven_[scripted.part]; i < scripted.index; ++i) {
      const bool must_be_settled = scripted.barrier || part[i].barrier;
      for (uint32_t s = 0; must_be_settled && s < targets_.size(); ++s) {
        if (!disposed(s, part[i]) && !part[i].poison) {
          violate(fmt::format("barrier: {} was written before {} was settled at sink{}",
                              scripted.id(), part[i].id(), s));
        }
      }
    }
  }
  target.writing.insert(keys.begin(), keys.end());
}

// What a sink was promised of a batch and its slot.
void World::check_batch(uint32_t sink, const Batch& batch) {
  const engine::SinkSpec& spec = plan_.spec.sinks[sink];
  size_t bytes = 0;
  for (const Event* event : batch.events) {
    bytes += event->bytes();
  }
  if (batch.events.empty() || batch.events.size() > spec.batch_events) {
    violate(fmt::format("a batch of {} events for sink{}", batch.events.size(), sink));
  }
  if (bytes > spec.batch_bytes && batch.events.size() > 1) {
    violate(fmt::format("a batch of {} bytes for sink{}, which takes {}", bytes, sink,
                        spec.batch_bytes));
  }
  if (batch.slot >= std::max(1U, spec.lanes) || !targets_[sink].slots.insert(batch.slot).second) {
    violate(fmt::format("slot {} of sink{} is used twice, or is none", batch.slot, sink));
  }
}

// What begins now must end while the lease is surely this run's.
void World::check_lease(Duration deadline, const char* what) {
  if (plan_.lease_life > Duration{0} && now_ + deadline > lease_until) {
    violate(fmt::format("lease: {} began when the lease could end before it", what));
  }
}

// A sink that takes nothing is left alone: about a write a second, after the first ones.
void World::check_outage(uint32_t sink) {
  if (sink == plan_.outage_sink && !healed_ && now_.since_zero < plan_.outage &&
      targets_[sink].kind != Target::lake) {
    const auto seconds = static_cast<uint64_t>((now_ - run_at_) / 1s);
    if (++outage_writes_ > 60 + 12 * seconds) {
      violate(fmt::format("{} writes to sink{} in {} s, though it takes nothing", outage_writes_,
                          sink, seconds));
    }
  }
}

void World::write_ends(uint32_t sink, const Batch& batch) {
  TargetState& target = targets_[sink];
  target.slots.erase(batch.slot);
  for (const Event* event : batch.events) {
    const ScriptedEvent& scripted = event_of(*event);
    target.writing.erase(target.kind == Target::lake
                             ? fmt::format("p{}{}", scripted.part, scripted.folder)
                             : scripted.key);
  }
}

// The rule of order: in one run a key's deliveries follow the source, where a write of unknown
// outcome may be repeated from its start; after a restart a suffix is repeated; never a gap.
void World::apply(uint32_t sink, const Event& event) {
  TargetState& target = targets_[sink];
  const ScriptedEvent& scripted = event_of(event);
  target.durable.insert(scripted);
  if (!scripted.taken_by[sink]) {
    violate(fmt::format("{} went to sink{}, which does not take it", scripted.id(), sink));
  }
  check_not_poisoned(sink, scripted);
  if (scripted.key.empty()) {
    return;
  }
  KeyHistory& key = target.keys[scripted.key];
  const auto at = std::find(key.events.begin(), key.events.end(), &scripted);
  const int64_t position = at - key.events.begin();
  check_not_quarantined(sink, scripted);
  if (position <= key.known && !key.again) {
    violate(fmt::format("{} was delivered again to sink{} after a later success was known",
                        scripted.id(), sink));
  }
  for (int64_t i = key.previous + 1; i < position; ++i) {
    const ScriptedEvent& skipped = *key.events[static_cast<size_t>(i)];
    if (!skipped.rejected_by[sink] && !disposed(sink, skipped)) {
      violate(fmt::format("order: {} was delivered to sink{} before {}", scripted.id(), sink,
                          key.events[static_cast<size_t>(i)]->id()));
    }
  }
  key.previous = position;
}

void World::check_not_quarantined(uint32_t sink, const ScriptedEvent& scripted) {
  if (targets_[sink].on_reject != engine::OnReject::quarantine || scripted.key.empty()) {
    return;
  }
  for (const ScriptedEvent* const before : targets_[sink].keys[scripted.key].events) {
    if (before == &scripted) {
      return;
    }
    if (before->rejected_by[sink]) {
      violate(fmt::format("{} was delivered to sink{} though its key {} is in quarantine since {}",
                          scripted.id(), sink, scripted.key, before->id()));
    }
  }
}

// An event that decoding rejected goes nowhere, nor does a later one of its key, where that is in
// quarantine.
void World::check_not_poisoned(uint32_t sink, const ScriptedEvent& scripted) {
  if (scripted.poison) {
    violate(fmt::format("{} went to sink{}, but decoding rejected it", scripted.id(), sink));
  }
  if (scripted.key.empty() || plan_.spec.source_on_reject != engine::OnReject::quarantine) {
    return;
  }
  for (uint32_t i = 0; i < scripted.index; ++i) {
    const ScriptedEvent& before = history_[scripted.part][i];
    if (before.poison && before.key == scripted.key) {
      violate(fmt::format("{} went to sink{} though its key {} is in quarantine since {}",
                          scripted.id(), sink, scripted.key, before.id()));
    }
  }
}

void World::told_durable(uint32_t sink, const Event& event) {
  TargetState& target = targets_[sink];
  const ScriptedEvent& scripted = event_of(event);
  if (target.kind == Target::lake) {
    if (scripted.rejected_by[sink] && target.on_reject != engine::OnReject::drop) {
      violate(fmt::format("lake {}: an object covers {}, which it rejected", sink, scripted.id()));
    }
    check_not_poisoned(sink, scripted);
    check_not_quarantined(sink, scripted);
    target.durable.insert(scripted);
    return;
  }
  if (!scripted.key.empty()) {
    KeyHistory& key = target.keys[scripted.key];
    const auto at = std::find(key.events.begin(), key.events.end(), &scripted);
    key.known = std::max(key.known, static_cast<int64_t>(at - key.events.begin()));
  }
}

void World::buried(const DeadLetter& letter) {
  const ScriptedEvent& scripted = event_of(*letter.event);
  if (letter.part != fmt::format("p{}", scripted.part) || letter.position.empty() ||
      number_of(letter.position) <= scripted.index) {
    violate(fmt::format("the letter of {} names part {} and position '{}'", scripted.id(),
                        letter.part, letter.position));
  }
  if (letter.sink.empty()) {
    if (!scripted.poison) {
      violate(fmt::format("{} was buried as if decoding had rejected it", scripted.id()));
    }
    return buried_by_decoding_.insert(scripted);
  }
  for (uint32_t s = 0; s < targets_.size(); ++s) {
    if (plan_.spec.sinks[s].name == letter.sink) {
      check_burial(s, scripted, letter.quarantined);
      targets_[s].buried.insert(scripted);
    }
  }
}

// Into a sink's dead letters goes what it rejected, and what follows a rejected event of its key
// where that is in quarantine. After a restart, or where a position was lost, what was read before
// is read again, and follows a later one.
void World::check_burial(uint32_t sink, const ScriptedEvent& scripted, bool as_follower) {
  if (scripted.rejected_by[sink] || targets_[sink].durable.contains(scripted)) {
    return;
  }
  const bool at_sink = targets_[sink].on_reject == engine::OnReject::quarantine;
  const bool at_source = plan_.spec.source_on_reject == engine::OnReject::quarantine;
  const auto& part = history_[scripted.part];
  const bool comes_again =
      targets_[sink].quarantined.contains(fmt::format(R"({{"k":"{}"}})", scripted.key)) ||
      targets_[sink].keys[scripted.key].again;
  const auto end = comes_again ? part.end() : part.begin() + scripted.index;
  const bool follows = std::any_of(part.begin(), end, [&](auto& before) {
    return before.key == scripted.key &&
           ((at_source && before.poison) || (at_sink && before.rejected_by[sink]));
  });
  if (scripted.key.empty() || !follows) {
    violate(fmt::format("{} is in the dead letters of sink{}, which did not reject it",
                        scripted.id(), sink));
  } else if (!as_follower) {
    violate(
        fmt::format("{} follows a rejected event of its key at sink{}, and its letter does "
                    "not say so",
                    scripted.id(), sink));
  }
}

// The part is read from an earlier position, within the run.
void World::reads_again(uint32_t part) {
  read_again.insert(part);
  for (TargetState& target : targets_) {
    for (auto& [key, history] : target.keys) {
      history.again = history.again || key.starts_with(fmt::format("p{}k", part));
    }
  }
}

// I1, I2: a position is saved only when everything before it is durable somewhere.
void World::check_position(const std::string& part, const Position& position, const char* doing) {
  const auto number = std::stoul(part.substr(1));
  uint32_t& proven = proven_.at(number);
  for (const uint32_t until = number_of(position); proven < until && !violation_; ++proven) {
    const ScriptedEvent& event = history_[number][proven];
    if (event.poison) {
      if (plan_.spec.source_on_reject != engine::OnReject::drop &&
          !buried_by_decoding_.contains(event)) {
        violate(
            fmt::format("I1: {} passes {}, which is not in the dead letters", doing, event.id()));
      }
      continue;
    }
    for (uint32_t s = 0; s < targets_.size(); ++s) {
      if (!disposed(s, event)) {
        violate(
            fmt::format("I1: {} passes {}, which is not durable at sink{}", doing, event.id(), s));
      }
    }
  }
}

// I3: what the source may forget was saved before; where the source owns its position, all before
// it is where it belongs.
void World::committed(const std::string& part, const Position& position) {
  const uint32_t until = number_of(position);
  const auto number = static_cast<uint32_t>(std::stoul(part.substr(1)));
  const bool is_saved = plan_.spec.has_checkpoint &&
                        plan_.spec.source.progress == Progress::saved &&
                        !read_again.contains(number);
  if (is_saved && !(saved && saved->positions.contains(part) &&
                    number_of(saved->positions.at(part)) >= until)) {
    violate(fmt::format("I3: {} {} was committed before it was saved", part, position));
  }
  check_position(part, position, "a committed position");
  uint32_t& trimmed = trimmed_[number];
  trimmed = std::max(trimmed, until);
}

void World::check_end() {
  for (uint32_t part = 0; part < plan_.parts; ++part) {
    check_position(fmt::format("p{}", part), fmt::format("1 {}", history_[part].size()), "the end");
  }
  check_lakes();
}

void World::check_all_but_stuck() {
  for (const auto& part : history_) {
    for (const ScriptedEvent& event : part) {
      for (uint32_t s = 0; s < targets_.size(); ++s) {
        const bool may_wait = event.key == plan_.stuck_key && targets_[s].kind != Target::lake;
        if (!may_wait && !event.poison && !disposed(s, event)) {
          violate(fmt::format("liveness: {} did not reach sink{} while only key {} fails",
                              event.id(), s, plan_.stuck_key));
        }
      }
    }
  }
}

// The lakes as they are on the disk at the end: every event once, in order by name.
void World::check_lakes() {
  for (uint32_t s = 0; s < targets_.size(); ++s) {
    if (targets_[s].kind != Target::lake) {
      continue;
    }
    std::map<std::string, uint32_t> seen;
    std::map<std::string, int64_t> last;  // by folder and part
    const auto covers_rejected = [&](uint32_t part, int64_t from, int64_t until) {
      return std::ranges::any_of(history_[part], [&](const ScriptedEvent& event) {
        return event.poison && event.index > from && event.index < until;
      });
    };
    for (const auto& folder : list(lake_path(s))) {
      for (const auto& name : list(lake_path(s) + "/" + folder)) {
        if (name.starts_with('.')) {
          continue;  // unfinished, by a run that crashed
        }
        const std::string content = content_of(lake_path(s) + "/" + folder + "/" + name);
        int64_t in_object = -1;
        for (size_t at = 0; at < content.size();) {
          const size_t end = content.find('\n', at);
          const std::string id = content.substr(at, end - at);
          at = end == std::string::npos ? content.size() : end + 1;
          ++seen[id];
          const size_t slash = id.find('/');
          if (slash == std::string::npos || id.find_first_not_of("p0123456789/") != id.npos ||
              slash + 1 == id.size()) {
            violate(fmt::format("lake {}: {}/{} is torn", s, folder, name));
            return;
          }
          int64_t& previous = last.try_emplace(folder + id.substr(0, slash), -1).first->second;
          const int64_t index = std::stol(id.substr(slash + 1));
          if (index <= previous && plan_.durable_order) {
            violate(fmt::format("lake {}: {} comes after {}", s, id, previous));
          }
          previous = index;
          const auto part = static_cast<uint32_t>(std::stoul(id.substr(1)));
          if (in_object >= 0 && covers_rejected(part, in_object, index)) {
            violate(fmt::format("lake {}: {} spans a rejected event before {}", s, name, id));
          }
          const auto& events = history_[part];
          if (in_object >= 0 && plan_.durable_order &&
              events[static_cast<size_t>(in_object)].generation() !=
                  events[static_cast<size_t>(index)].generation()) {
            violate(fmt::format("lake {}: {} holds two generations, from {}", s, name, id));
          }
          in_object = index;
        }
      }
    }
    for (const auto& part : history_) {
      for (const ScriptedEvent& event : part) {
        const bool buried = targets_[s].buried.contains(event);
        const bool wanted = event.taken_by[s] && !event.poison && !event.rejected_by[s];
        const uint32_t times = seen.contains(event.id()) ? seen[event.id()] : 0;
        if ((times > 1 && plan_.durable_order) || (wanted && !buried && times == 0)) {
          violate(fmt::format("lake {}: {} is in it {} times", s, event.id(), times));
        }
      }
    }
  }
}

std::string World::content_of(const std::string& path) {
  auto file = files_->open(path, OpenMode::read);
  CHECK(file.has_value());
  std::string content((*file)->info()->size, '\0');
  CHECK((*file)->read(0, content).has_value());
  return content;
}

std::vector<std::string> World::list(const std::string& folder) {
  auto names = files_->list(folder);
  CHECK(names.has_value());
  return std::move(*names);
}

std::string World::lake_path(uint32_t sink) {
  return fmt::format("/lake{}", sink);
}

}  // namespace penstock::sim
