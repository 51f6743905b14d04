// Many parts, with logs of their own; parents and children; what one part's events touch.
#include "engine/test_pipeline.h"

namespace penstock::engine {
namespace {

// Logs of their own for each part. Event i of the n-th log is number 1000 n + i.
struct PartsTest : PipelineTest {
  struct Log {
    uint32_t events = 0;
    std::string parent = "";  // it can be read once that is settled to its end
    bool ends = true;
  };

  PartsTest() {
    spec.source.changing_parts = true;
    on_discover = [this](const action::Discover& discover) {
      std::vector<Part> found;
      for (const auto& [name, log] : logs) {
        if (log.parent.empty() || is_at_its_end(*discover.checkpoint, log.parent)) {
          found.push_back({.id = name});
        }
      }
      return found;
    };
    on_open = [this](const action::OpenReader& open) {
      names[open.part] = open.what.id;
      next_of[open.part] = open.position ? static_cast<uint32_t>(std::stoul(*open.position)) : 0;
      return Result<>{};
    };
    on_read = [this](const action::ReadPart& read) {
      ++reads[read.part];
      const Log& log = logs.at(names.at(read.part));
      uint32_t& at = next_of[read.part];
      auto chunk = std::make_unique<Chunk>();
      chunk->block = std::make_shared<EventBlock>(1024);
      for (uint32_t i = 0; i < read.limits.events && at < log.events; ++i, ++at) {
        Event& event = chunk->block->events.emplace_back();
        event.id = chunk->block->arena.copy(std::to_string(1'000 * number(read.part) + at));
        event.order = chunk->block->arena.copy(std::to_string(at));
        event.order_key = order_key_of_name(spec.hash_key, event.id);
      }
      chunk->read = {std::to_string(at), at == log.events, at == log.events && log.ends};
      return chunk;
    };
  }
  bool is_at_its_end(const Checkpoint& checkpoint, const std::string& name) const {
    const auto found = checkpoint.positions.find(name);
    return found != checkpoint.positions.end() &&
           found->second == std::to_string(logs.at(name).events);
  }
  uint32_t number(uint32_t part) const {
    return static_cast<uint32_t>(std::distance(logs.begin(), logs.find(names.at(part))));
  }
  void give_family() {
    logs["a"] = {.events = 25};
    logs["b"] = {.events = 3, .parent = "a"};
    logs["c"] = {.events = 0, .parent = "a"};
    logs["d"] = {.events = 7, .parent = "c"};
    logs["e"] = {.events = 2, .parent = "d"};
  }
  static constexpr size_t kFamily = 25 + 3 + 7 + 2;

  std::map<std::string, Log> logs;
  std::map<uint32_t, std::string> names;  // by part
  std::map<uint32_t, uint32_t> next_of, reads;
};

// Fault 11: it ended before the children were read.
TEST_F(PartsTest, a_run_until_caught_up_reads_all_descendants) {
  give_family();
  spec.until.caught_up = true;
  run();
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(delivered.size(), kFamily);
  EXPECT_EQ(saved->positions.at("e"), "2");
}

// Fault 11: without a store children never appeared.
TEST_F(PartsTest, a_run_until_caught_up_reads_all_descendants_without_a_store) {
  give_family();
  spec.has_checkpoint = false;
  spec.until.caught_up = true;
  run();
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(delivered.size(), kFamily);
}

TEST_F(PartsTest, children_are_asked_for_as_soon_as_their_parent_is_settled) {
  give_family();
  spec.until.caught_up = true;
  for (const bool has_checkpoint : {true, false}) {
    spec.has_checkpoint = has_checkpoint;
    delivered.clear();
    saved.reset();
    start();
    EXPECT_EQ(delivered.size(), kFamily) << "and no time has passed";
  }
}

TEST_F(PartsTest, a_parent_whose_events_are_not_settled_keeps_the_run_from_its_end) {
  give_family();
  spec.until.caught_up = true;
  hold_writes = true;
  start();
  pass(1min);
  EXPECT_EQ(status().state, State::running);
  EXPECT_EQ(status().parts.size(), 1U) << "no child may be read before its parent";
  hold_writes = false;
  answer_held_writes(std::vector<Failure>{});
  pass(1min);
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(status().sinks[0].events, kFamily);
}

TEST_F(PartsTest, a_question_that_was_asked_before_the_end_was_settled_does_not_count) {
  give_family();
  spec.until.caught_up = true;
  spec.discover_every = 100ms;
  hold_writes = true;
  start();
  hold<action::Discover>();
  pass(1s);
  ASSERT_EQ(held_of<action::Discover>(), 1U);
  hold_writes = false;
  answer_held_writes(std::vector<Failure>{});
  EXPECT_EQ(status().state, State::running);
  is_held = [](auto&) { return false; };
  answer_unanswered();  // it knows of no child yet
  pass(1min);
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(status().sinks[0].events, kFamily);
}

TEST_F(PartsTest, a_part_that_comes_later_is_read) {
  logs["a"] = {.events = 5, .ends = false};
  start();
  pass(10s);
  logs["b"] = {.events = 5, .ends = false};
  pass(10s);
  EXPECT_EQ(delivered.size(), 10U);
  EXPECT_EQ(status().parts.size(), 2U);
}

TEST_F(PartsTest, a_part_at_its_end_is_closed_once_there_is_nothing_left_to_commit) {
  logs["a"] = {.events = 5};
  logs["b"] = {.events = 5, .ends = false};
  hold<action::Commit>();
  start();
  pass(10s);
  EXPECT_TRUE(closed.empty());
  hold_nothing();
  EXPECT_EQ(closed.size(), 1U);
  EXPECT_EQ(names.at(closed[0]), "a");
  pass(10s);
  EXPECT_EQ(closed.size(), 1U);
}

// Fault 5: open() and parts() ran at once.
TEST_F(PartsTest, the_source_is_asked_one_question_at_a_time) {
  for (int i = 0; i < 17; ++i) {
    logs["p" + std::to_string(i)] = {.events = 1, .ends = false};
  }
  spec.discover_every = 1ms;
  uint32_t questions = 0;
  is_held = [&](const Action& action) {
    const bool asks = std::holds_alternative<action::Discover>(action) ||
                      std::holds_alternative<action::OpenReader>(action);
    questions += asks ? 1 : 0;
    return asks;
  };
  start();
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(unanswered.size(), 1U) << "question " << questions;
    pass(20ms);
    ASSERT_EQ(unanswered.size(), 1U);
    answer_unanswered();
    pass(20ms);
  }
  EXPECT_EQ(delivered.size(), 17U);
}

TEST_F(PartsTest, parts_are_opened_and_the_run_ends_though_the_source_answers_slowly) {
  for (int i = 0; i < 17; ++i) {
    logs["p" + std::to_string(i)] = {.events = 1};
  }
  spec.until.caught_up = true;
  spec.discover_every = 1s;
  is_held = [&](const Action& action) {
    return std::holds_alternative<action::Discover>(action) ||
           std::holds_alternative<action::OpenReader>(action);
  };
  start();
  for (int i = 0; i < 100 && !pipeline->ended(); ++i) {
    pass(2s);
    answer_unanswered();
  }
  EXPECT_EQ(delivered.size(), 17U);
  pass(10s);
  EXPECT_EQ(status().state, State::finished);
}

TEST_F(PartsTest, a_batch_of_one_part_among_five_thousand_touches_that_part_alone) {
  for (int i = 0; i < 5'000; ++i) {
    logs["p" + std::to_string(10'000 + i)] = {.events = 0, .ends = false};
  }
  spec.source.changing_parts = false;
  spec.limits.in_flight_events = 1'000'000;
  spec.limits.in_flight_bytes = size_t{1} << 40;
  uint64_t asked_for_position = 0;
  spec.position_before = [&](const Position&, std::string_view order) {
    ++asked_for_position;
    return std::optional<Position>(order);
  };
  start();
  pass(10s);
  ASSERT_EQ(names.size(), 5'000U);
  const uint32_t busy = 1'234;
  logs.at(names.at(busy)).events = 10;
  reads.clear();
  asked.clear();
  pipeline->signalled(busy, now);
  act();
  EXPECT_EQ(delivered.size(), 10U);
  EXPECT_EQ(reads.size(), 1U) << "only what was signalled is read at this time";
  EXPECT_LE(reads[busy], 3U);
  EXPECT_LE(asked_for_position, 20U);
  EXPECT_EQ(count_of<action::Write>(), 3U);
  EXPECT_LE(count_of<action::Save>() + count_of<action::Commit>(), 6U);
}

TEST_F(PartsTest, a_save_holds_the_positions_that_changed_and_no_others) {
  for (int i = 0; i < 5'000; ++i) {
    logs["p" + std::to_string(10'000 + i)] = {.events = 0, .ends = false};
  }
  spec.source.changing_parts = false;
  spec.limits.in_flight_events = 1'000'000;
  start();
  pass(10s);
  std::vector<Changes> saves;
  on_save = [&](const Changes& changes) {
    saves.push_back(changes);
    return Result<>{};
  };
  pass(10s);
  EXPECT_TRUE(saves.empty()) << "reads that say again where they stand";
  logs.at("p11234").events = 1;
  pass(10s);
  ASSERT_EQ(saves.size(), 1U);
  ASSERT_EQ(saves[0].positions.size(), 1U);
  EXPECT_EQ(saves[0].positions[0], (std::pair<std::string, Position>("p11234", "1")));
}

// However many parts there are, one that is busy gets what it needs of the calls.
TEST_F(PartsTest, idle_parts_are_looked_at_less_often_the_more_there_are) {
  for (int i = 0; i < 5'000; ++i) {
    logs["p" + std::to_string(10'000 + i)] = {.events = 0, .ends = false};
  }
  spec.source.changing_parts = false;
  spec.limits.in_flight_events = 1'000'000;
  start();
  pass(30s);
  asked.clear();
  pass(10s);
  EXPECT_LE(count_of<action::ReadPart>(), 5'000U * 10 / 2);
  EXPECT_GE(count_of<action::ReadPart>(), 5'000U * 3);
}

TEST_F(PartsTest, a_signal_that_comes_during_a_read_is_not_lost) {
  logs["a"] = {.events = 0, .ends = false};
  spec.source.changing_parts = false;
  start();
  pass(10s);
  hold<action::ReadPart>();
  pass(1s);
  ASSERT_EQ(held_of<action::ReadPart>(), 1U);
  pipeline->signalled(0, now);
  reads.clear();
  is_held = [](auto&) { return false; };
  answer_unanswered();
  EXPECT_EQ(reads[0], 2U) << "it reads once more at once";
}

TEST_F(PartsTest, a_signal_of_a_part_that_is_not_there_is_nothing) {
  logs["a"] = {.events = 1, .ends = false};
  start();
  pipeline->signalled(99, now);
  stop();
  pipeline->signalled(0, now);
  EXPECT_EQ(status().state, State::stopped);
}

// What waits elsewhere for a fuller batch makes no room for a part that is stuck.
TEST_F(PartsTest, a_part_that_is_stuck_makes_no_small_batches_at_another_sink) {
  logs["a"] = {.events = 900, .ends = false};
  logs["b"] = {.events = 0, .ends = false};
  spec.source.changing_parts = false;
  spec.limits.in_flight_events = 400;
  spec.limits.read_events = 50;
  SinkSpec patient = spec.sinks[0];
  patient.name = "patient";
  patient.batch_wait = 10min;
  patient.batch_events = 1'000;
  patient.traits.write_deadline = 21s;
  spec.sinks.push_back(patient);
  uint32_t writes_of_b = 0, events_of_b = 0;
  on_write = [&](const Batch& batch) -> Written {
    const bool is_patient = batch.deadline - now == 21s;
    std::vector<Failure> failures;
    uint32_t of_b = 0;
    for (uint32_t i = 0; i < batch.events.size(); ++i) {
      const bool is_of_b = number_of(*batch.events[i]) >= 1'000;
      of_b += is_of_b && is_patient ? 1 : 0;
      if (!is_of_b && !is_patient) {
        failures.push_back({i, error(Error::Kind::transient, "no")});
      }
    }
    writes_of_b += of_b > 0 ? 1 : 0;
    events_of_b += of_b;
    return failures;
  };
  start();
  pass(30min);
  for (int second = 0; second < 600; ++second) {
    ++logs["b"].events;
    pass(1s);
  }
  pass(30min);
  EXPECT_EQ(events_of_b, 600U);
  EXPECT_LE(writes_of_b, 45U) << "its share of the room is small";
}

// It cannot read on, whatever room there is: its first event is stuck.
TEST_F(PartsTest, a_part_with_too_many_settled_events_keeps_no_other_from_the_room) {
  logs["a"] = {.events = 50, .ends = false};
  logs["b"] = {.events = 0, .ends = false};
  logs["c"] = {.events = 0, .ends = false};
  spec.source.changing_parts = false;
  spec.limits.in_flight_events = 2;
  spec.limits.read_events = 1;
  spec.limits.settled_slots = 3;
  spec.sinks[0].batch_events = 1;
  on_write = [](const Batch& batch) -> Written {
    return number_of(*batch.events[0]) == 0 ? transient("no") : Written(std::vector<Failure>{});
  };
  start();
  pass(10s);
  EXPECT_EQ(delivered.size(), 4U) << "no more than may be settled behind an open event";
  is_held = [&](const Action& action) {
    const auto* const write = std::get_if<action::Write>(&action);
    return write != nullptr && number_of(*write->task->batch.events[0]) == 2'000;
  };
  logs["c"].events = 1;
  pass(1s);
  logs["b"].events = 2;
  pass(1s);
  hold_nothing();
  pass(1min);
  EXPECT_EQ(delivered.size(), 4U + 3U);
}

}  // namespace
}  // namespace penstock::engine
