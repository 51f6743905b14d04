#include "sim/simulator.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/check.h"
#include "engine/pipeline.h"
#include "engine/read_stage.h"
#include "sim/world.h"

namespace penstock::sim {

namespace {

using engine::Action;
namespace action = engine::action;

constexpr uint64_t kStepsMax = 200'000;
constexpr uint64_t kStepsAtOnce = 10'000;     // without time passing: it turns in a circle
constexpr uint64_t kStepsBetweenCounts = 16;  // a status costs as much as many steps
constexpr uint32_t kRunsMax = 60;
// What reads of little payload may pin beyond the room that was kept for them: seen are 1.9 KiB.
constexpr uint64_t kBytesBeyond = 4'096;
constexpr Duration kPatience = 20min;  // virtual; then all faults end

constexpr double kStops = 0.3;  // of the crashes: instead, somebody stops it
// Behind the end of a drain: the answers of what is under way, and the tries of the last save.
constexpr Duration kLastAnswers = 20s;

class Simulation {
 public:
  explicit Simulation(uint64_t seed) : world_(seed), random_(seed ^ 0x5eed) {
    uint64_t at = 0;
    for (uint64_t left = 1 + random_.below(4); left > 0; --left) {
      at += 1 + random_.below(300);
      crash_steps_.push_back(at);
    }
  }

  Outcome run() {
    Outcome outcome;
    for (uint32_t run = 0; !finished_ && !world_.violation(); ++run) {
      if (run == kRunsMax) {
        world_.violate("the pipeline does not come to its end");
        break;
      }
      outcome.runs = run + 1;
      one_run(run);
    }
    if (!world_.violation()) {
      world_.check_end();
    }
    outcome.steps = steps_;
    outcome.crashes = crashes_;
    outcome.sinks = static_cast<uint32_t>(world_.plan().spec.sinks.size());
    for (const auto& part : world_.history()) {
      outcome.events += part.size();
    }
    if (world_.violation()) {
      outcome.violation = world_.violation()->what;
    }
    return outcome;
  }

 private:
  struct Pending {
    Action action;
    Instant asked_at, effect_at, answer_at;
    bool effective = false;
    std::optional<Result<>> plain;
    std::optional<Result<std::vector<Failure>>> written;
    std::optional<Result<std::unique_ptr<engine::Chunk>>> read;
    std::optional<Result<engine::LeaseAndCheckpoint>> lease;
    std::optional<Result<std::vector<Part>>> parts;
  };

  void one_run(uint32_t run);
  bool step(engine::Pipeline& pipeline);
  void schedule(engine::Pipeline& pipeline);
  Instant next_pending() const;
  std::optional<uint32_t> index_of(uint32_t part) const;
  void check_hands(const Action& action);
  void take_effect(Pending& pending);
  void answer(engine::Pipeline& pipeline, Pending pending);
  void crash();
  void check_limits(const engine::Pipeline& pipeline);
  void check_counts(const engine::Pipeline& pipeline);
  void check_time();
  Duration latency(bool write);

  World world_;
  Random random_;
  std::vector<uint64_t> crash_steps_;
  std::vector<Pending> pending_;
  std::unique_ptr<engine::Assembly> assembly_;
  std::unique_ptr<engine::ReadStage> stage_;
  std::vector<std::unique_ptr<Reader>> readers_;
  std::map<std::string, uint32_t> part_numbers_;  // in the pipeline, of this run
  // By part: what the source told of it last, in this run.
  std::map<uint32_t, std::pair<std::optional<Duration>, std::optional<Duration>>> told_;
  uint64_t steps_ = 0;
  Instant at_;
  uint64_t steps_at_ = 0;
  uint32_t crashes_ = 0;
  bool finished_ = false;
  bool liveness_checked_ = false;
};

void Simulation::one_run(uint32_t run) {
  pending_.clear();
  readers_.clear();
  part_numbers_.clear();
  told_.clear();
  assembly_ = std::make_unique<engine::Assembly>(world_.assemble());
  assembly_->spec.seed = random_.next();
  stage_ = std::make_unique<engine::ReadStage>(*assembly_);
  assembly_->spec.drain_max = 1s + 1ms * static_cast<int64_t>(random_.below(5'000));
  world_.run_starts(run);
  std::optional<Instant> stopped_at;
  engine::Pipeline pipeline(assembly_->spec);
  pipeline.start(world_.now());
  while (!pipeline.ended() && !world_.violation()) {
    ++steps_;
    if (!crash_steps_.empty() && steps_ >= crash_steps_.front()) {
      crash_steps_.erase(crash_steps_.begin());
      if (stopped_at || !random_.chance(kStops)) {
        check_counts(pipeline);
        return crash();
      }
      stopped_at = world_.now();
      pipeline.stop(world_.now());
    }
    if (stopped_at && world_.now() > *stopped_at + assembly_->spec.drain_max + kLastAnswers) {
      world_.violate("I6: a drain does not end");
    }
    if (world_.now() != at_) {
      at_ = world_.now();
      steps_at_ = steps_;
    }
    if (steps_ - steps_at_ > kStepsAtOnce) {
      world_.violate("the pipeline turns in a circle");
    }
    if (steps_ > kStepsMax) {
      world_.violate("the pipeline goes on without an end");
    }
    schedule(pipeline);
    if (!pipeline.ended() && !step(pipeline)) {
      world_.violate("the pipeline stands still: nothing under way, no timer");
    }
    (void)pipeline.take_notices();
    check_limits(pipeline);
    check_time();
  }
  check_counts(pipeline);
  const engine::Status status = pipeline.status({}, world_.now());
  finished_ = status.state == engine::State::finished && crash_steps_.empty();
  if (finished_ && world_.lease_is_out && world_.plan().lease_life > Duration{0}) {
    world_.violate("a run that has finished did not give its lease back");
  }
  if (status.state == engine::State::finished && !crash_steps_.empty()) {
    crash_steps_.clear();  // everything is done before the next crash was due
    crash();
  }
  const bool was_held = status.reason.find("another run has the lease") != std::string::npos;
  finished_ = finished_ && !was_held;
  if (status.state == engine::State::failed && !world_.rival_holds_lease &&
      status.reason.find("lease") == std::string::npos &&
      status.reason.find("rejected in a row") == std::string::npos &&
      status.reason.find("could not be saved") == std::string::npos) {
    world_.violate("the pipeline failed: " + status.reason);
  }
  world_.set_now(world_.now() + 1ms * static_cast<int64_t>(random_.below(20'000)));
}

Duration Simulation::latency(bool write) {
  if (write && !world_.healed() && random_.chance(world_.plan().late)) {
    return 1ms * static_cast<int64_t>(random_.below(1'900));
  }
  return 1us * static_cast<int64_t>(1 + random_.below(write ? 20'000 : 2'000));
}

void Simulation::schedule(engine::Pipeline& pipeline) {
  const auto take = [&] {
    auto action = pipeline.next_action();
    return action ? std::move(action) : pipeline.next_read(world_.now());
  };
  while (pipeline.has_action() || pipeline.has_read()) {
    std::optional<Action> next = take();
    if (!next) {
      continue;  // what was to be read has no room; a batch may have been cut for it
    }
    Pending pending{std::move(*next), world_.now(), {}, {}, false, {}, {}, {}, {}, {}};
    const auto* write = std::get_if<action::Write>(&pending.action);
    pending.effect_at = world_.now() + latency(write != nullptr);
    pending.answer_at = pending.effect_at + latency(write != nullptr);
    check_hands(pending.action);
    if (const auto* open = std::get_if<action::OpenReader>(&pending.action)) {
      part_numbers_[open->what.id] = open->part;
    }
    if (std::holds_alternative<action::Save>(pending.action) &&
        random_.chance(world_.plan().slow_store)) {
      pending.answer_at = pending.answer_at + 1ms * static_cast<int64_t>(random_.below(3'000));
    }
    if (write != nullptr) {
      world_.write_starts(write->task->sink, write->task->batch);
    }
    if (std::holds_alternative<action::WriteLetters>(pending.action)) {
      world_.check_lease(world_.plan().spec.dead_letter_deadline, "a write of dead letters");
    }
    pending_.push_back(std::move(pending));
  }
}

Instant Simulation::next_pending() const {
  Instant next = Instant::never();
  for (const Pending& pending : pending_) {
    next = std::min(next, pending.effective ? pending.answer_at : pending.effect_at);
  }
  return next;
}

// The pipeline's number of a part of the source, once it was opened.
std::optional<uint32_t> Simulation::index_of(uint32_t part) const {
  const auto found = part_numbers_.find(fmt::format("p{}", part));
  return found == part_numbers_.end() ? std::nullopt : std::optional(found->second);
}

// The source has one hand that asks it, a part one that reads and one that commits.
void Simulation::check_hands(const Action& action) {
  const auto kind_and_part = [](const Action& a) -> std::pair<int, uint32_t> {
    if (std::holds_alternative<action::Discover>(a) ||
        std::holds_alternative<action::OpenReader>(a)) {
      return {1, 0};
    }
    if (const auto* read = std::get_if<action::ReadPart>(&a)) {
      return {2, read->part};
    }
    if (const auto* commit = std::get_if<action::Commit>(&a)) {
      return {3, commit->part};
    }
    return {0, 0};
  };
  const auto opens = [&](const Action& a, const Action& other) {
    const auto* const open = std::get_if<action::OpenReader>(&a);
    const auto [kind, part] = kind_and_part(other);
    return open != nullptr && kind > 1 && part == open->part;
  };
  const auto own = kind_and_part(action);
  for (const Pending& pending : pending_) {
    if (own.first != 0 && kind_and_part(pending.action) == own) {
      world_.violate("two at once for one hand of the source");
    }
    if (opens(pending.action, action) || opens(action, pending.action)) {
      world_.violate("a part is opened while it is read or committed");
    }
  }
}

// The next thing in time: an action takes effect, an answer arrives, or a timer is due.
bool Simulation::step(engine::Pipeline& pipeline) {
  Instant next = pipeline.next_timer();
  size_t chosen = pending_.size();
  const Instant arrival = std::max(world_.next_arrival(), world_.now());
  if (arrival != Instant::never() && arrival <= next && next_pending() >= arrival) {
    world_.set_now(arrival);
    const uint32_t part = world_.take_arrival();
    if (const auto number = index_of(part); number && world_.listening.contains(part)) {
      pipeline.signalled(*number, arrival);
    }
    return true;
  }
  for (size_t i = 0; i < pending_.size(); ++i) {
    const Instant at = pending_[i].effective ? pending_[i].answer_at : pending_[i].effect_at;
    if (at < next) {
      next = at;
      chosen = i;
    }
  }
  if (next == Instant::never()) {
    return false;
  }
  world_.set_now(std::max(world_.now(), next));
  if (chosen == pending_.size()) {
    pipeline.tick(world_.now());
    return true;
  }
  if (!pending_[chosen].effective) {
    pending_[chosen].effective = true;
    take_effect(pending_[chosen]);
    return true;
  }
  Pending done = std::move(pending_[chosen]);
  pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(chosen));
  answer(pipeline, std::move(done));
  return true;
}

void Simulation::take_effect(Pending& pending) {
  const Stop stop;
  engine::Assembly& a = *assembly_;
  if (std::holds_alternative<action::TakeLease>(pending.action)) {
    const auto lease = a.checkpoint->lease(stop);
    if (lease) {
      pending.lease = engine::LeaseAndCheckpoint{*lease, *a.checkpoint->load(stop)};
    } else {
      pending.lease = std::unexpected(lease.error());
    }
  } else if (const auto* open = std::get_if<action::OpenSink>(&pending.action)) {
    pending.plain = a.sinks[open->sink].sink->open({.pipeline = "sim",
                                                    .sink = a.spec.sinks[open->sink].name,
                                                    .slots = a.spec.sinks[open->sink].lanes},
                                                   stop);
  } else if (std::holds_alternative<action::OpenDeadLetters>(pending.action)) {
    pending.plain = a.dead_letter->open("sim", stop);
  } else if (const auto* discover = std::get_if<action::Discover>(&pending.action)) {
    pending.parts = a.source->parts(*discover->checkpoint, stop);
  } else if (const auto* reader = std::get_if<action::OpenReader>(&pending.action)) {
    auto opened = a.source->open(reader->what, reader->position, Signal(), stop);
    if (opened) {
      readers_.resize(std::max<size_t>(readers_.size(), reader->part + 1));
      readers_[reader->part] = std::move(*opened);
      pending.plain = Result<>{};
    } else {
      pending.plain = std::unexpected(opened.error());
    }
  } else if (const auto* read = std::get_if<action::ReadPart>(&pending.action)) {
    pending.read = stage_->read(*readers_[read->part], read->limits, stop);
  } else if (const auto* write = std::get_if<action::Write>(&pending.action)) {
    pending.written = a.sinks[write->task->sink].sink->write(write->task->batch, stop);
  } else if (const auto* letters = std::get_if<action::WriteLetters>(&pending.action)) {
    pending.plain = a.dead_letter->write(letters->letters, stop);
  } else if (const auto* save = std::get_if<action::Save>(&pending.action)) {
    pending.plain = a.checkpoint->save(save->changes, stop);
  } else if (std::holds_alternative<action::Release>(pending.action)) {
    pending.plain = a.checkpoint->release(stop);
  } else if (const auto* commit = std::get_if<action::Commit>(&pending.action)) {
    pending.plain = readers_[commit->part]->commit(commit->position, stop);
  }
}

void Simulation::answer(engine::Pipeline& pipeline, Pending pending) {
  const Instant now = world_.now();
  if (std::holds_alternative<action::TakeLease>(pending.action)) {
    pipeline.lease_taken(std::move(*pending.lease), pending.asked_at, now);
  } else if (const auto* open = std::get_if<action::OpenSink>(&pending.action)) {
    pipeline.sink_opened(open->sink, *pending.plain, now);
  } else if (std::holds_alternative<action::OpenDeadLetters>(pending.action)) {
    pipeline.dead_letters_opened(*pending.plain, now);
  } else if (std::holds_alternative<action::Discover>(pending.action)) {
    pipeline.discovered(*pending.parts, now);
  } else if (const auto* reader = std::get_if<action::OpenReader>(&pending.action)) {
    pipeline.reader_opened(reader->part, *pending.plain, now);
  } else if (const auto* read = std::get_if<action::ReadPart>(&pending.action)) {
    if (*pending.read) {
      told_[read->part] = {(**pending.read)->read.behind, (**pending.read)->read.headroom};
    }
    pipeline.read_done(read->part, std::move(*pending.read), now);
  } else if (auto* write = std::get_if<action::Write>(&pending.action)) {
    world_.write_ends(write->task->sink, write->task->batch);
    if (*pending.written) {
      std::vector<bool> failed(write->task->batch.events.size());
      for (const Failure& failure : **pending.written) {
        failed[failure.index] = true;
      }
      for (size_t i = 0; i < failed.size(); ++i) {
        if (!failed[i]) {
          world_.told_durable(write->task->sink, *write->task->batch.events[i]);
        }
      }
    }
    pipeline.written(std::move(write->task), std::move(*pending.written), now);
  } else if (std::holds_alternative<action::WriteLetters>(pending.action)) {
    pipeline.letters_written(*pending.plain, now);
  } else if (std::holds_alternative<action::Save>(pending.action)) {
    pipeline.saved(*pending.plain, pending.asked_at, now);
  } else if (const auto* commit = std::get_if<action::Commit>(&pending.action)) {
    pipeline.committed(commit->part, *pending.plain, now);
  } else if (const auto* close = std::get_if<action::CloseReader>(&pending.action)) {
    readers_[close->part].reset();
    pipeline.reader_closed(now);
  } else if (std::holds_alternative<action::Release>(pending.action)) {
    pipeline.released(*pending.plain, now);
  }
}

// What was under way may still reach its target, in part too, or not at all.
void Simulation::crash() {
  ++crashes_;
  for (Pending& pending : pending_) {
    if (!pending.effective && random_.chance(0.5)) {
      if (random_.chance(0.5)) {
        world_.files().die_at(world_.files().operations() + random_.below(8));
      }
      take_effect(pending);
    }
  }
  world_.crash(random_.chance(0.5));
  if (random_.chance(0.3)) {
    world_.crash(random_.chance(0.7));
  }
}

void Simulation::check_limits(const engine::Pipeline& pipeline) {
  if (pipeline.in_flight_events() > assembly_->spec.limits.in_flight_events) {
    world_.violate(fmt::format("I5: {} events in flight, more than {}", pipeline.in_flight_events(),
                               assembly_->spec.limits.in_flight_events));
  }
  if (steps_ % kStepsBetweenCounts == 0) {
    check_counts(pipeline);
  }
}

void Simulation::check_counts(const engine::Pipeline& pipeline) {
  const engine::Status status = pipeline.status({}, world_.now());
  for (const auto& part : status.parts) {
    if (part.read < part.settled || part.settled < part.saved || part.saved < part.committed) {
      world_.violate(fmt::format("I2: part {}: read {}, settled {}, saved {}, committed {}",
                                 part.id, part.read, part.settled, part.saved, part.committed));
    }
    const auto number = part_numbers_.find(part.id);
    const bool is_open = number != part_numbers_.end() && status.state == engine::State::running;
    if (is_open && told_[number->second] != std::pair(part.behind, part.headroom)) {
      world_.violate("the status does not show how far behind the source is, or its headroom");
    }
  }
  if (status.in_flight_bytes > status.in_flight_bytes_limit + kBytesBeyond) {
    world_.violate(fmt::format("I5: {} bytes in flight, more than {}", status.in_flight_bytes,
                               status.in_flight_bytes_limit));
  }
}

void Simulation::check_time() {
  if (world_.healed() || world_.now().since_zero < kPatience) {
    return;
  }
  if (world_.plan().liveness && !liveness_checked_ && crash_steps_.empty()) {
    liveness_checked_ = true;
    world_.check_all_but_stuck();
  }
  world_.heal();
}

}  // namespace

Outcome simulate(uint64_t seed) {
  return Simulation(seed).run();
}

std::string describe(uint64_t seed) {
  const World world(seed);
  const Plan& plan = world.plan();
  const engine::PipelineSpec& spec = plan.spec;
  std::string out = fmt::format(
      "{} parts, progress {}, store {}, changing parts {}, lease {} s, rejects at source {}, "
      "in flight {} events {} bytes, read {}, signals {}, liveness {}, outage {} s\n",
      plan.parts, static_cast<int>(spec.source.progress), spec.has_checkpoint,
      spec.source.changing_parts, plan.lease_life / 1s, static_cast<int>(spec.source_on_reject),
      spec.limits.in_flight_events, spec.limits.in_flight_bytes, spec.limits.read_events,
      plan.signals, plan.liveness, plan.outage / 1s);
  for (const engine::SinkSpec& sink : spec.sinks) {
    out +=
        fmt::format("{}: folders {}, in order {}, batch {}, wait {} ms, lanes {}, rejects {}\n",
                    sink.name, sink.traits.folders, sink.traits.writes_in_order, sink.batch_events,
                    sink.batch_wait / 1ms, sink.lanes, static_cast<int>(sink.on_reject));
  }
  return out;
}

}  // namespace penstock::sim
