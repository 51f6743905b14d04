// The scripted source, the model targets and stores of a simulated pipeline.
#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "core/order_key.h"
#include "core/rejected_keys.h"
#include "doc/bson.h"
#include "sim/lake.h"
#include "sim/world.h"

namespace penstock::sim {

namespace {

Position position_at(uint32_t index) {
  return fmt::format("1 {}", index);
}

void append_event(const ScriptedEvent& scripted, bool has_order, EventBlock& block) {
  Event event;
  event.id = block.arena.copy(scripted.id());
  if (has_order) {
    event.order =
        block.arena.copy(fmt::format("{:04x}{:04x}", scripted.generation(), scripted.index));
  }
  event.stream = block.arena.copy(scripted.folder);
  if (!scripted.key.empty()) {
    doc::BsonWriter key(block.arena, 64);
    key.string("k", scripted.key);
    event.key = key.finish();
  }
  event.raw = event.id;
  event.has_raw = true;
  event.op = scripted.barrier ? Op::drop : Op::message;
  event.at = {scripted.index};
  if (scripted.poison) {
    block.rejections.push_back({static_cast<uint32_t>(block.events.size()),
                                Error{Error::Kind::rejected, "no such format", {}}});
  }
  block.events.push_back(event);
}

class ScriptedReader final : public Reader {
 public:
  ScriptedReader(World& world, uint32_t part, uint32_t from, bool& lost)
      : world_(world), part_(part), next_(from), lost_(lost) {}

  Result<Read> read(EventBlock& block, const ReadLimits& limits, Stop) override {
    if (!world_.healed() && world_.random().chance(world_.plan().failing_read)) {
      return transient("the source did not answer");
    }
    if (!world_.healed() && !world_.read_again.contains(part_) &&
        world_.random().chance(world_.plan().losing_read)) {
      lost_ = true;
      world_.reads_again(part_);
      return fail(Error::Kind::lost_position, "the log was cut under the reader");
    }
    const auto& events = world_.history()[part_];
    const uint64_t most = 1 + world_.random().below(limits.events);
    const auto is_there = [&] {
      return next_ < events.size() && events[next_].arrives <= world_.now();
    };
    size_t bytes = 0;
    for (uint64_t i = 0; i < most && is_there() && bytes < limits.bytes; ++i) {
      append_event(events[next_++], world_.plan().durable_order, block);
      bytes += block.events.back().bytes();
    }
    const bool end = next_ == events.size();
    return Read{.position = position_at(next_),
                .caught_up = end || !is_there(),
                .end = end,
                .behind = 1s * (end ? 0 : next_),
                .headroom = 1h - 1s * next_};
  }
  Result<> commit(const Position& position, Stop) override {
    const bool fails = !world_.healed() && world_.random().chance(world_.plan().failing_commit);
    if (!fails || world_.random().chance(0.3)) {
      world_.committed(fmt::format("p{}", part_), position);
    }
    return fails ? transient("no answer: it may be committed") : Result<>{};
  }

 private:
  World& world_;
  uint32_t part_;
  uint32_t next_;
  bool& lost_;  // its position, in this run
};

class ScriptedSource final : public Source {
 public:
  explicit ScriptedSource(World& world) : world_(world) {}
  SourceTraits traits() const override { return world_.plan().spec.source; }
  std::string fingerprint() const override { return "scripted"; }
  // A part with a parent can be read once that is read to its end and delivered.
  Result<std::vector<Part>> parts(const Checkpoint& live, Stop) override {
    if (!world_.healed() && world_.random().chance(world_.plan().failing_parts)) {
      return transient("the source does not tell its parts");
    }
    for (const auto& [id, position] : live.positions) {
      world_.check_position(id, position, "a live position");
    }
    std::vector<Part> parts;
    for (uint32_t i = 0; i < world_.plan().parts; ++i) {
      const auto parent = world_.plan().parents[i];
      if (!parent || has_ended(*parent, live)) {
        parts.push_back({.id = fmt::format("p{}", i)});
      }
    }
    return parts;
  }
  Result<std::unique_ptr<Reader>> open(const Part& part, const std::optional<Position>& position,
                                       Signal, Stop) override {
    const auto index = static_cast<uint32_t>(std::stoul(part.id.substr(1)));
    if (!world_.healed() && world_.random().chance(world_.plan().failing_open)) {
      return transient("the source is not there yet");
    }
    const bool is_saved =
        world_.plan().spec.has_checkpoint && world_.plan().spec.source.progress == Progress::saved;
    if (!position && is_saved && !lost_[index] && world_.trimmed(index) > 0) {
      world_.violate(fmt::format("{} is read from its start though it was committed", part.id));
    }
    uint32_t from = world_.trimmed(index);
    if (position) {
      from = static_cast<uint32_t>(std::stoul(position->substr(2)));
      const bool is_forgotten = from < world_.trimmed(index);
      if (is_forgotten && !world_.read_again.contains(index)) {
        world_.violate(fmt::format("I3: {} {} is asked for, forgotten before {}", part.id, from,
                                   world_.trimmed(index)));
      }
      if (is_forgotten ||
          (!world_.healed() && world_.random().chance(world_.plan().lost_position))) {
        lost_[index] = true;
        return fail(Error::Kind::lost_position, "the log does not go back that far");
      }
    }
    world_.listening.insert(index);
    return std::make_unique<ScriptedReader>(world_, index, from, lost_[index]);
  }

 private:
  bool has_ended(uint32_t part, const Checkpoint& live) const {
    const auto end = static_cast<uint32_t>(world_.history()[part].size());
    const auto found = live.positions.find(fmt::format("p{}", part));
    return world_.trimmed(part) == end ||
           (found != live.positions.end() && found->second == position_at(end));
  }

  World& world_;
  std::map<uint32_t, bool> lost_;
};

class ModelSink final : public Sink {
 public:
  ModelSink(World& world, uint32_t index) : world_(world), index_(index) {}
  SinkTraits traits() const override { return world_.plan().spec.sinks[index_].traits; }
  Result<OrderKey> order_key(const Event& event) const override {
    const std::string& key = world_.event_of(event).key;
    return key.empty() ? OrderKey{} : order_key_of_name({}, key);
  }
  Result<> open(const Resume&, Stop) override {
    if (!world_.healed() && world_.random().chance(world_.plan().failing_open)) {
      return transient("the target is not there yet");
    }
    return {};
  }

  Result<std::vector<Failure>> write(const Batch& batch, Stop) override {
    Random& random = world_.random();
    const Plan& plan = world_.plan();
    const bool faulty = !world_.healed();
    const bool rejects = std::any_of(batch.events.begin(), batch.events.end(), [&](auto* e) {
      return world_.event_of(*e).rejected_by[index_];
    });
    if (faulty && index_ == plan.outage_sink && world_.now().since_zero < plan.outage) {
      return transient("the target is down");
    }
    if (faulty && random.chance(plan.whole)) {
      return transient("nothing of it was written");
    }
    if (rejects && (batch.events.size() == 1 || random.chance(plan.reject_whole))) {
      return rejected("a record of the batch is no good");
    }
    const bool keeps_order = world_.target(index_).kind == Target::in_order;
    std::vector<Failure> failures;
    RejectedKeys rejected_keys;
    size_t cut = faulty && random.chance(plan.partial) ? random.below(batch.events.size() + 1)
                                                       : batch.events.size();
    for (uint32_t i = 0; i < batch.events.size(); ++i) {
      const ScriptedEvent& event = world_.event_of(*batch.events[i]);
      const bool failed = keeps_order ? i >= cut : cut < batch.events.size() && random.chance(0.3);
      if (failed || world_.stuck(event.key)) {
        cut = keeps_order ? std::min<size_t>(cut, i) : cut;
        failures.push_back({i, Error{Error::Kind::transient, "not now", retry_after()}});
      } else if (keeps_order && rejected_keys.hold_back(*batch.events[i], i, failures)) {
        continue;
      } else if (event.rejected_by[index_]) {
        TRY(rejected_keys.note(rejected("no good"), *batch.events[i], i, failures));
      } else {
        world_.apply(index_, *batch.events[i]);
      }
    }
    if (faulty && random.chance(plan.ambiguous)) {
      return transient("no answer: it may have been written");
    }
    return failures;
  }

 private:
  std::optional<Duration> retry_after() {
    return world_.random().chance(world_.plan().throttled) ? std::optional<Duration>(50ms)
                                                           : std::nullopt;
  }
  World& world_;
  uint32_t index_;
};

class ModelStore final : public CheckpointStore {
 public:
  explicit ModelStore(World& world) : world_(world) {}
  Result<Lease> lease(Stop) override {
    if (!world_.healed() && world_.random().chance(world_.plan().failing_lease)) {
      return transient("the store does not answer");
    }
    if (world_.lease_is_out && world_.now() < world_.lease_until) {
      return std::unexpected(Error{Error::Kind::held, "the lease is another run's",
                                   world_.lease_until - world_.now() + 1ms});
    }
    world_.lease_is_out = true;
    world_.rival_holds_lease = false;  // it has ended: we have waited for that
    epoch_ = ++world_.epoch;
    renew();
    if (world_.plan().lease_life > Duration{0}) {
      return Lease{epoch_, world_.plan().lease_life};
    }
    return Lease{epoch_, std::nullopt};
  }
  Result<std::optional<Checkpoint>> load(Stop) override { return world_.saved; }
  Result<> save(const Changes& changes, Stop) override {
    const Plan& plan = world_.plan();
    if (world_.epoch != epoch_) {
      return fatal("the lease is somebody else's");
    }
    const auto blackout = world_.now().since_zero % Duration{60s};
    const bool lasting = plan.lease_expires && blackout < Duration{15s};
    if (!world_.healed() && (lasting || world_.random().chance(plan.failing_save))) {
      const bool expired = plan.lease_life > Duration{0} && world_.now() > world_.lease_until;
      if (expired && world_.random().chance(0.5)) {
        ++world_.epoch;  // somebody else takes over
        world_.rival_holds_lease = true;
      }
      return transient("the store did not answer");
    }
    for (const auto& [part, position] : changes.positions) {
      world_.check_position(part, position, "a saved position");
    }
    if (!world_.saved) {
      world_.saved.emplace();
    }
    penstock::apply(changes, *world_.saved);
    renew();
    if (!world_.healed() && world_.random().chance(plan.failing_save / 2)) {
      return transient("no answer: it may have been saved");
    }
    return {};
  }

  Result<> release(Stop) override {
    if (world_.epoch == epoch_) {
      world_.lease_is_out = false;
    }
    return {};
  }

 private:
  void renew() { world_.lease_until = world_.now() + world_.plan().lease_life; }
  World& world_;
  uint64_t epoch_ = 0;
};

class ModelLetters final : public DeadLetterStore {
 public:
  explicit ModelLetters(World& world) : world_(world) {}
  Result<> open(const std::string&, Stop) override {
    if (!world_.healed() && world_.random().chance(world_.plan().failing_letters)) {
      return transient("the dead letters are not there yet");
    }
    return {};
  }
  Result<> write(std::span<const DeadLetter> letters, Stop) override {
    Random& random = world_.random();
    const bool faulty = !world_.healed();
    if (faulty && random.chance(world_.plan().failing_letters)) {
      return transient("the dead letters are not there");
    }
    for (const DeadLetter& letter : letters) {
      world_.buried(letter);
    }
    if (faulty && random.chance(world_.plan().failing_letters / 2)) {
      return transient("no answer: they may have been written");
    }
    return {};
  }

 private:
  World& world_;
};

}  // namespace

engine::Assembly World::assemble() {
  engine::Assembly assembly;
  assembly.spec = plan_.spec;
  assembly.source = std::make_unique<ScriptedSource>(*this);
  if (plan_.spec.has_checkpoint) {
    assembly.checkpoint = std::make_unique<ModelStore>(*this);
  }
  assembly.dead_letter = std::make_unique<ModelLetters>(*this);
  for (uint32_t s = 0; s < targets_.size(); ++s) {
    engine::BuiltSink built;
    if (targets_[s].kind == Target::lake) {
      built.sink = make_lake(*this, s);
    } else {
      built.sink = std::make_unique<ModelSink>(*this, s);
    }
    built.when = [this, s](const Event& event) { return event_of(event).taken_by[s]; };
    assembly.sinks.push_back(std::move(built));
  }
  return assembly;
}

}  // namespace penstock::sim
