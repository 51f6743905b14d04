#include "sim/simulator.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "base/mutation.h"
#include "engine/pipeline.h"
#include "engine/read_stage.h"
#include "sim/world.h"

namespace penstock::sim {

namespace {

using engine::Action;
namespace action = engine::action;

constexpr uint64_t kStepsMax = 60'000;
constexpr uint32_t kRunsMax = 60;
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
  void take_effect(Pending& pending);
  void answer(engine::Pipeline& pipeline, Pending pending);
  void crash();
  void check_limits(const engine::Pipeline& pipeline);
  void check_time();
  Duration latency(bool write);

  World world_;
  Random random_;
  std::vector<uint64_t> crash_steps_;
  std::vector<Pending> pending_;
  std::unique_ptr<engine::Assembly> assembly_;
  std::unique_ptr<engine::ReadStage> stage_;
  std::vector<std::unique_ptr<Reader>> readers_;
  uint64_t steps_ = 0;
  uint32_t crashes_ = 0;
  bool finished_ = false;
  bool liveness_checked_ = false;
};

void Simulation::one_run(uint32_t run) {
  pending_.clear();
  readers_.clear();
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
        return crash();
      }
      stopped_at = world_.now();
      pipeline.stop(world_.now());
    }
    if (stopped_at && world_.now() > *stopped_at + assembly_->spec.drain_max + kLastAnswers) {
      world_.violate("I6: a drain does not end");
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
  const engine::Status status = pipeline.status({}, world_.now());
  finished_ = status.state == engine::State::finished && crash_steps_.empty();
  if (status.state == engine::State::finished && !crash_steps_.empty()) {
    crash_steps_.clear();  // everything is done before the next crash was due
    crash();
  }
  if (status.state == engine::State::failed && !world_.rival_holds_lease &&
      status.reason.find("lease") == std::string::npos &&
      status.reason.find("rejected in a row") == std::string::npos &&
      status.reason.find("could not be saved") == std::string::npos) {
    world_.violate("the pipeline failed: " + status.reason);
  }
  world_.set_now(world_.now() + 20s);  // whoever starts it again waits for the old lease to end
}

Duration Simulation::latency(bool write) {
  if (write && !world_.healed() && random_.chance(world_.plan().late)) {
    return 1ms * static_cast<int64_t>(random_.below(1'900));
  }
  return 1us * static_cast<int64_t>(1 + random_.below(write ? 20'000 : 2'000));
}

void Simulation::schedule(engine::Pipeline& pipeline) {
  while (std::optional<Action> next = pipeline.next_action()) {
    Pending pending{std::move(*next), world_.now(), {}, {}, false, {}, {}, {}, {}, {}};
    const auto* write = std::get_if<action::Write>(&pending.action);
    pending.effect_at = world_.now() + latency(write != nullptr);
    pending.answer_at = pending.effect_at + latency(write != nullptr);
    if (write != nullptr) {
      world_.write_starts(write->task->sink, write->task->batch);
    }
    pending_.push_back(std::move(pending));
  }
}

// The next thing in time: an action takes effect, an answer arrives, or a timer is due.
bool Simulation::step(engine::Pipeline& pipeline) {
  Instant next = pipeline.next_timer();
  size_t chosen = pending_.size();
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
    const Lease lease = *a.checkpoint->lease(stop);
    pending.lease = engine::LeaseAndCheckpoint{lease, *a.checkpoint->load(stop)};
  } else if (const auto* open = std::get_if<action::OpenSink>(&pending.action)) {
    pending.plain = a.sinks[open->sink].sink->open({.pipeline = "sim",
                                                    .sink = a.spec.sinks[open->sink].name,
                                                    .slots = a.spec.sinks[open->sink].lanes},
                                                   stop);
  } else if (std::holds_alternative<action::OpenDeadLetters>(pending.action)) {
    pending.plain = a.dead_letter->open("sim", stop);
  } else if (const auto* discover = std::get_if<action::Discover>(&pending.action)) {
    pending.parts = a.source->parts(discover->checkpoint, stop);
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
  const engine::Status status = pipeline.status({}, world_.now());
  for (const auto& part : status.parts) {
    if (part.read < part.settled || part.settled < part.saved || part.saved < part.committed) {
      world_.violate(fmt::format("I2: part {}: read {}, settled {}, saved {}, committed {}",
                                 part.id, part.read, part.settled, part.saved, part.committed));
    }
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

}  // namespace penstock::sim
