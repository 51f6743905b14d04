// The state machine around scripted answers, for its tests. Their clock moves only as they say.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <numeric>

#include "core/order_key.h"
#include "doc/bson.h"
#include "engine/pipeline.h"

namespace penstock::engine {

using Indexes = std::vector<uint32_t>;
using Written = Result<std::vector<Failure>>;

inline Indexes range(uint32_t from, uint32_t until) {
  Indexes indexes(until - from);
  std::iota(indexes.begin(), indexes.end(), from);
  return indexes;
}

inline Error error(Error::Kind kind, std::string what) {
  return {kind, std::move(what), std::nullopt};
}

struct PipelineTest : testing::Test {
  PipelineTest() {
    spec.name = "relay";
    spec.source_name = "in";
    spec.fingerprint = "in/1";
    spec.has_checkpoint = true;
    spec.limits.read_events = 10;
    SinkSpec out;
    out.name = "out";
    out.batch_events = 4;
    spec.sinks = {out};
  }

  void start() {
    pipeline = std::make_unique<Pipeline>(spec);
    pipeline->start(now);
    act();
  }
  // Answers what the pipeline asks for, until it asks for nothing at this time.
  void act() {
    while (auto action = next_action()) {
      if (is_held(*action)) {
        unanswered.push_back(std::move(*action));
      } else {
        answer(*action);
      }
    }
    for (Notice& notice : pipeline->take_notices()) {
      notices.push_back(std::move(notice.what));
    }
  }
  std::optional<Action> next_action() {
    while (true) {
      auto action = pipeline->next_action();
      if (!action) {
        action = pipeline->next_read(now);
      }
      if (action || !pipeline->has_action()) {
        return action;
      }
    }
  }
  void pass(Duration duration) {
    const Instant until = now + duration;
    while (!pipeline->ended() && pipeline->next_timer() <= until) {
      now = std::max(now, pipeline->next_timer());
      pipeline->tick(now);
      act();
    }
    now = until;
  }
  void run() {
    start();
    pass(1h);
  }
  void stop() {
    pipeline->stop(now);
    act();
  }
  void answer_held_writes(const Written& result) {
    for (auto& task : std::exchange(held, {})) {
      pipeline->written(std::move(task), result, now);
    }
    act();
  }
  // Answers late what is_held() held back.
  void answer_unanswered() {
    for (Action& action : std::exchange(unanswered, {})) {
      answer(action);
    }
    act();
  }
  Status status() const { return pipeline->status({}, now); }

  void answer(Action& action) {
    ++asked[action.index()];
    std::visit([this](auto& a) { answer(a); }, action);
  }
  void answer(action::TakeLease&) {
    const Result<Lease> lease = on_lease();
    if (lease) {
      pipeline->lease_taken(LeaseAndCheckpoint{*lease, saved}, now, now);
    } else {
      pipeline->lease_taken(std::unexpected(lease.error()), now, now);
    }
  }
  void answer(action::OpenSink& open) { pipeline->sink_opened(open.sink, on_open_sink(), now); }
  void answer(action::OpenDeadLetters&) { pipeline->dead_letters_opened({}, now); }
  void answer(action::Discover& discover) { pipeline->discovered(on_discover(discover), now); }
  void answer(action::OpenReader& open) {
    opened.push_back(open);
    next = open.position ? static_cast<uint32_t>(std::stoul(*open.position)) : 0;
    pipeline->reader_opened(open.part, on_open(open), now);
  }
  void answer(action::ReadPart& read) { pipeline->read_done(read.part, on_read(read), now); }
  Result<std::unique_ptr<Chunk>> read_on(const action::ReadPart& read) {
    auto chunk = std::make_unique<Chunk>();
    chunk->block = std::make_shared<EventBlock>();
    for (uint32_t i = 0; i < read.limits.events && next < keys.size(); ++i, ++next) {
      Event event;
      event.id = chunk->block->arena.copy(std::to_string(next));
      if (!keys[next].empty()) {
        doc::BsonWriter key(chunk->block->arena);
        key.string("_id", keys[next]);
        event.key = key.finish();
        event.order_key = order_key_of(spec.hash_key, event.stream, event.key);
      }
      event.order = chunk->block->arena.copy(order_of(next));
      if (undecodable(next)) {
        chunk->block->rejections.push_back({i, error(Error::Kind::rejected, "no JSON")});
      }
      chunk->block->events.push_back(event);
    }
    const bool all = next == keys.size();
    chunk->read = {std::to_string(next), all, all && ends};
    return chunk;
  }
  void answer(action::Write& write) {
    ++writes;
    if (hold_writes) {
      return held.push_back(std::move(write.task));
    }
    const Written result = on_write(write.task->batch);
    for (uint32_t i = 0; result && i < write.task->batch.events.size(); ++i) {
      if (std::none_of(result->begin(), result->end(), [i](auto& f) { return f.index == i; })) {
        delivered.push_back(number_of(*write.task->batch.events[i]));
      }
    }
    pipeline->written(std::move(write.task), result, now);
  }
  void answer(action::WriteLetters& write) {
    const Result<> result = on_bury();
    for (const DeadLetter& letter : write.letters) {
      if (result) {
        if (letter.quarantined) {
          buried_in_quarantine.push_back(number_of(*letter.event));
        }
        buried.push_back(number_of(*letter.event));
      }
    }
    pipeline->letters_written(result, now);
  }
  void answer(action::Save& save) {
    const Result<> result = on_save(save.changes);
    if (result) {
      if (!saved) {
        saved.emplace();
      }
      penstock::apply(save.changes, *saved);
    }
    pipeline->saved(result, now, now);
  }
  void answer(action::Commit& commit) {
    const Result<> result = on_commit(commit);
    if (result) {
      committed[commit.part] = commit.position;
    }
    pipeline->committed(commit.part, result, now);
  }
  void answer(action::CloseReader& close) {
    closed.push_back(close.part);
    pipeline->reader_closed(now);
  }
  void answer(action::Release&) {
    ++releases;
    pipeline->released(on_release(), now);
  }
  template <class T>
  uint32_t count_of() const {  // of these actions, how many were asked for and answered
    const auto found = asked.find(Action(std::in_place_type<T>).index());
    return found == asked.end() ? 0 : found->second;
  }

  static uint32_t number_of(const Event& event) {
    return static_cast<uint32_t>(std::stoul(std::string(event.id)));
  }
  void give_events(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      keys.push_back(std::to_string(i));
    }
  }
  // The sink rejects these.
  void reject(std::function<bool(uint32_t)> bad) {
    on_write = [bad = std::move(bad)](const Batch& batch) {
      std::vector<Failure> failures;
      for (uint32_t i = 0; i < batch.events.size(); ++i) {
        if (bad(number_of(*batch.events[i]))) {
          failures.push_back({i, error(Error::Kind::rejected, "no such column")});
        }
      }
      return failures;
    };
  }
  template <class T>
  void hold() {
    is_held = [](const Action& action) { return std::holds_alternative<T>(action); };
  }
  template <class T>
  size_t held_of() const {
    return static_cast<size_t>(std::count_if(unanswered.begin(), unanswered.end(),
                                             [](auto& a) { return std::holds_alternative<T>(a); }));
  }
  void hold_nothing() {
    is_held = [](auto&) { return false; };
    answer_unanswered();
  }
  Position saved_position() const { return saved ? saved->positions.at("log") : "none"; }

  PipelineSpec spec;
  Instant now{Duration{1s}};
  std::vector<std::string> keys;  // of the source's events; "": without a key
  bool ends = true;
  uint32_t parts = 1;  // that read `keys` together
  std::function<std::string(uint32_t)> order_of = [](uint32_t i) { return std::to_string(i); };
  std::function<bool(uint32_t)> undecodable = [](uint32_t) { return false; };
  std::function<bool(const Action&)> is_held = [](auto&) { return false; };
  std::function<Result<Lease>()> on_lease = [] { return Lease{}; };
  std::function<Result<std::vector<Part>>(const action::Discover&)> on_discover = [this](auto&) {
    std::vector<Part> found{{.id = "log"}};
    for (uint32_t i = 1; i < parts; ++i) {
      found.push_back({.id = "log" + std::to_string(i)});
    }
    return found;
  };
  std::function<Result<std::unique_ptr<Chunk>>(const action::ReadPart&)> on_read =
      [this](const action::ReadPart& read) { return read_on(read); };
  std::function<Result<>(const Changes&)> on_save = [](auto&) { return Result<>{}; };
  std::function<Result<>(const action::Commit&)> on_commit = [](auto&) { return Result<>{}; };
  std::function<Result<>()> on_release = [] { return Result<>{}; };
  std::function<Result<>()> on_open_sink = [] { return Result<>{}; };
  std::function<Result<>(const action::OpenReader&)> on_open = [](auto&) { return Result<>{}; };
  std::function<Written(const Batch&)> on_write = [](auto&) { return std::vector<Failure>{}; };
  std::function<Result<>()> on_bury = [] { return Result<>{}; };
  bool hold_writes = false;

  std::unique_ptr<Pipeline> pipeline;
  uint32_t next = 0;
  std::vector<std::unique_ptr<WriteTask>> held;
  std::vector<Action> unanswered;
  std::vector<action::OpenReader> opened;
  std::map<uint32_t, Position> committed;  // by part
  std::vector<uint32_t> closed;            // parts
  uint32_t writes = 0, releases = 0;
  std::map<size_t, uint32_t> asked;  // actions that were answered, by their index in Action
  Indexes delivered, buried, buried_in_quarantine;
  std::optional<Checkpoint> saved;
  std::vector<std::string> notices;
};

}  // namespace penstock::engine
