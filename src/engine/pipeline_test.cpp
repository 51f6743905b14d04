// The state machine around scripted answers: ends, rejections, lost positions, quarantine, limits
// of time and rate. The tests' clock moves only as they say; the simulator does the same with
// chance.
#include "engine/pipeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <numeric>

namespace penstock::engine {
namespace {

using Indexes = std::vector<uint32_t>;
using Written = Result<std::vector<Failure>>;

Indexes range(uint32_t from, uint32_t until) {
  Indexes indexes(until - from);
  std::iota(indexes.begin(), indexes.end(), from);
  return indexes;
}

Error error(Error::Kind kind, std::string what) {
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
    while (auto action = pipeline->next_action()) {
      std::visit([this](auto& a) { answer(a); }, *action);
    }
    for (Notice& notice : pipeline->take_notices()) {
      notices.push_back(std::move(notice.what));
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
  Status status() const { return pipeline->status({}, now); }

  void answer(action::TakeLease&) {
    pipeline->lease_taken(LeaseAndCheckpoint{{}, saved}, now, now);
  }
  void answer(action::OpenSink& open) { pipeline->sink_opened(open.sink, {}, now); }
  void answer(action::OpenDeadLetters&) { pipeline->dead_letters_opened({}, now); }
  void answer(action::Discover&) { pipeline->discovered(std::vector<Part>{{.id = "log"}}, now); }
  void answer(action::OpenReader& open) {
    opened.push_back(open);
    next = open.position ? static_cast<uint32_t>(std::stoul(*open.position)) : 0;
    pipeline->reader_opened(open.part, on_open(open), now);
  }
  void answer(action::ReadPart& read) {
    auto chunk = std::make_unique<Chunk>();
    chunk->block = std::make_shared<EventBlock>();
    for (uint32_t i = 0; i < read.limits.events && next < keys.size(); ++i, ++next) {
      Event event;
      event.id = chunk->block->arena.copy(std::to_string(next));
      event.order_key = hash128(keys[next]);
      event.order = chunk->block->arena.copy(order_of(next));
      if (undecodable(next)) {
        chunk->block->rejections.push_back({i, error(Error::Kind::rejected, "no JSON")});
      }
      chunk->block->events.push_back(event);
    }
    const bool all = next == keys.size();
    chunk->read = {std::to_string(next), all, all && ends, std::nullopt};
    pipeline->read_done(read.part, std::move(chunk), now);
  }
  void answer(action::Write& write) {
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
        buried.push_back(number_of(*letter.event));
      }
    }
    pipeline->letters_written(result, now);
  }
  void answer(action::Save& save) {
    saved = save.checkpoint;
    pipeline->saved({}, now, now);
  }
  void answer(action::Commit& commit) { pipeline->committed(commit.part, {}, now); }

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
  Position saved_position() const { return saved ? saved->positions.at("log") : "none"; }

  PipelineSpec spec;
  Instant now{Duration{1s}};
  std::vector<std::string> keys;  // of the source's events
  bool ends = true;
  std::function<std::string(uint32_t)> order_of = [](uint32_t i) { return std::to_string(i); };
  std::function<bool(uint32_t)> undecodable = [](uint32_t) { return false; };
  std::function<Result<>(const action::OpenReader&)> on_open = [](auto&) { return Result<>{}; };
  std::function<Written(const Batch&)> on_write = [](auto&) { return std::vector<Failure>{}; };
  std::function<Result<>()> on_bury = [] { return Result<>{}; };
  bool hold_writes = false;

  std::unique_ptr<Pipeline> pipeline;
  uint32_t next = 0;
  std::vector<std::unique_ptr<WriteTask>> held;
  std::vector<action::OpenReader> opened;
  Indexes delivered, buried;
  std::optional<Checkpoint> saved;
  std::vector<std::string> notices;
};

TEST_F(PipelineTest, the_end_of_all_parts_ends_it_with_everything_delivered_and_saved) {
  give_events(25);
  run();
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(delivered, range(0, 25));
  EXPECT_EQ(saved_position(), "25");
  EXPECT_EQ(status().parts[0].committed, 25U);
}

TEST_F(PipelineTest, the_end_of_all_parts_does_not_end_it_where_until_says_so) {
  give_events(5);
  spec.until.end = false;
  run();
  EXPECT_EQ(status().state, State::running);
  EXPECT_EQ(delivered, range(0, 5));
}

TEST_F(PipelineTest, until_events_ends_it_after_so_many) {
  give_events(25);
  spec.until.events = 12;
  run();
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(delivered, range(0, 12));
  EXPECT_EQ(saved_position(), "12");
}

TEST_F(PipelineTest, until_caught_up_ends_it_at_a_source_that_never_ends) {
  give_events(5);
  ends = false;
  spec.until.caught_up = true;
  run();
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(delivered, range(0, 5));
}

TEST_F(PipelineTest, until_deadline_ends_it_and_delivers_what_was_read) {
  give_events(5);
  ends = false;
  spec.until.deadline = 10s;
  spec.sinks[0].batch_events = 100;
  spec.sinks[0].batch_wait = 1h;
  start();
  pass(9s);
  EXPECT_EQ(status().state, State::running);
  EXPECT_EQ(delivered, Indexes{});
  pass(1s);
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(delivered, range(0, 5));
  EXPECT_EQ(saved_position(), "5");
}

TEST_F(PipelineTest, rate_bounds_the_events_of_a_second) {
  give_events(100);
  spec.sinks[0].rate = 10;
  start();
  for (uint32_t second = 1; second <= 8; ++second) {
    pass(1s);
    // What a second did not use, the next one may.
    EXPECT_GE(delivered.size(), 10 * second);
    EXPECT_LE(delivered.size(), 10 * (second + 1) + spec.sinks[0].batch_events);
  }
  pass(3s);
  EXPECT_EQ(status().state, State::finished);
}

TEST_F(PipelineTest, a_stop_delivers_and_saves_what_was_read_and_reads_no_more) {
  give_events(1000);
  spec.limits.in_flight_events = 100;
  hold_writes = true;
  start();
  stop();
  EXPECT_EQ(status().state, State::draining);
  const auto read = static_cast<uint32_t>(status().parts[0].read);
  ASSERT_LT(read, 1000U);
  hold_writes = false;
  answer_held_writes(std::vector<Failure>{});
  EXPECT_EQ(status().state, State::stopped);
  EXPECT_EQ(status().reason, "");
  EXPECT_EQ(status().parts[0].committed, read);
  EXPECT_EQ(saved_position(), std::to_string(read));
}

TEST_F(PipelineTest, a_drain_gives_up_at_its_deadline_and_says_what_was_not_delivered) {
  give_events(8);
  spec.drain_max = 30s;
  hold_writes = true;
  start();
  stop();
  pass(29s);
  EXPECT_FALSE(pipeline->giving_up());
  pass(1s);
  EXPECT_TRUE(pipeline->giving_up());  // now the writes are told to end
  EXPECT_EQ(status().state, State::draining);
  answer_held_writes(std::unexpected(error(Error::Kind::cancelled, "given up")));
  EXPECT_TRUE(pipeline->ended());
  EXPECT_EQ(status().state, State::stopped);
  EXPECT_TRUE(status().reason.starts_with("8 events were not delivered")) << status().reason;
  EXPECT_FALSE(saved.has_value());
}

TEST_F(PipelineTest, an_abort_ends_it_at_once) {
  give_events(8);
  hold_writes = true;
  start();
  pipeline->abort();
  EXPECT_TRUE(pipeline->ended());
  EXPECT_EQ(status().state, State::stopped);
  EXPECT_EQ(pipeline->next_action(), std::nullopt);
  answer_held_writes(std::vector<Failure>{});
  EXPECT_FALSE(saved.has_value());
}

TEST_F(PipelineTest, an_object_holds_events_of_one_generation) {
  keys.assign(25, "folder");
  spec.source.generation_bytes = 1;
  order_of = [](uint32_t i) { return fmt::format("{}{:02}", i < 13 ? "a" : "b", i); };
  spec.sinks[0].traits.lane_per_key = true;
  spec.sinks[0].batch_events = 100;
  spec.sinks[0].batch_wait = 1s;
  std::vector<size_t> objects;
  on_write = [&objects](const Batch& batch) {
    objects.push_back(batch.events.size());
    return std::vector<Failure>{};
  };
  run();
  EXPECT_EQ(objects, (std::vector<size_t>{13, 12}));
}

TEST_F(PipelineTest, a_checkpoint_of_another_source_is_refused) {
  give_events(5);
  saved.emplace().fingerprint = "in/2";
  run();
  EXPECT_EQ(status().state, State::failed);
  EXPECT_EQ(status().reason,
            "checkpoint of pipeline relay: it belongs to another source (in/2, this one is in/1); "
            "reset it with `penstock checkpoint reset`, or give the pipeline another name");
  EXPECT_EQ(opened.size(), 0U);
  EXPECT_EQ(saved->fingerprint, "in/2");
}

TEST_F(PipelineTest, a_dropped_event_is_counted_and_passed) {
  give_events(10);
  spec.sinks[0].on_reject = OnReject::drop;
  reject([](uint32_t i) { return i == 3; });
  run();
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(status().sinks[0].dropped, 1U);
  EXPECT_EQ(delivered.size(), 9U);
  EXPECT_EQ(saved_position(), "10");
}

TEST_F(PipelineTest, a_rejected_event_stops_it_and_the_position_stays_before_it) {
  give_events(30);
  reject([](uint32_t i) { return i == 15; });
  run();
  EXPECT_EQ(status().state, State::failed);
  EXPECT_EQ(status().reason, "sink out: event 15 of : no such column");
  EXPECT_EQ(saved_position(), "10");
}

TEST_F(PipelineTest, a_hundred_rejections_in_a_row_stop_it_whatever_on_reject_says) {
  give_events(300);
  spec.has_dead_letter = true;
  spec.sinks[0].on_reject = OnReject::dead_letter;
  reject([](uint32_t) { return true; });
  run();
  EXPECT_EQ(status().state, State::failed);
  EXPECT_EQ(status().sinks[0].rejected, 100U);
  EXPECT_TRUE(
      status().reason.starts_with("100 events rejected in a row without a success; the "
                                  "last: sink out: event 99"))
      << status().reason;
}

TEST_F(PipelineTest, a_success_begins_the_count_of_rejections_anew) {
  give_events(300);
  spec.sinks[0].on_reject = OnReject::drop;
  spec.sinks[0].batch_events = 1;
  reject([](uint32_t i) { return i % 100 != 99; });
  run();
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(delivered, (Indexes{99, 199, 299}));
}

TEST_F(PipelineTest, a_hundred_undecodable_events_in_a_row_stop_it) {
  give_events(300);
  spec.has_dead_letter = true;
  spec.source_on_reject = OnReject::dead_letter;
  undecodable = [](uint32_t i) { return i > 50; };
  run();
  EXPECT_EQ(status().state, State::failed);
  EXPECT_TRUE(
      status().reason.starts_with("100 events rejected in a row without a success; the "
                                  "last: source in: event 150"))
      << status().reason;
  EXPECT_EQ(saved_position(), "150");
  EXPECT_EQ(buried, range(51, 150));  // what the position passed, and no more
}

TEST_F(PipelineTest, a_key_in_quarantine_stays_there_over_a_restart) {
  keys = {"a", "b", "a", "b", "a"};
  ends = false;
  spec.has_dead_letter = true;
  spec.sinks[0].on_reject = OnReject::quarantine;
  reject([](uint32_t i) { return i == 0; });
  run();
  EXPECT_EQ(delivered, (Indexes{1, 3}));
  EXPECT_EQ(buried, (Indexes{0, 2, 4}));
  EXPECT_EQ(status().quarantined_keys, 1U);
  stop();
  EXPECT_EQ(status().state, State::stopped);

  keys.insert(keys.end(), {"a", "b"});
  run();
  EXPECT_EQ(delivered, (Indexes{1, 3, 6}));
  EXPECT_EQ(buried, (Indexes{0, 2, 4, 5}));
  EXPECT_EQ(status().quarantined_keys, 1U);
}

TEST_F(PipelineTest, a_full_quarantine_stops_it) {
  give_events(20);
  spec.has_dead_letter = true;
  spec.sinks[0].on_reject = OnReject::quarantine;
  spec.limits.quarantined_keys = 3;
  reject([](uint32_t) { return true; });
  run();
  EXPECT_EQ(status().state, State::failed);
  EXPECT_TRUE(status().reason.starts_with("4 keys in quarantine")) << status().reason;
}

TEST_F(PipelineTest, it_stands_still_while_the_dead_letters_cannot_be_written_and_says_so) {
  give_events(5000);
  spec.has_dead_letter = true;
  spec.limits.in_flight_events = 100;
  spec.sinks[0].on_reject = OnReject::dead_letter;
  reject([](uint32_t i) { return i % 4 == 3 && i > 10; });
  bool full = true;
  on_bury = [&full]() -> Result<> { return full ? transient("the disk is full") : Result<>{}; };
  start();
  pass(2min);
  EXPECT_EQ(status().state, State::running);
  EXPECT_LT(status().parts[0].read, 400U);
  EXPECT_EQ(saved_position(), "10");
  EXPECT_EQ(status().reason, "waits for the dead letters since 120 s: the disk is full");
  const auto said = std::count_if(notices.begin(), notices.end(), [](const std::string& notice) {
    return notice.find("the disk is full") != std::string::npos;
  });
  EXPECT_EQ(said, 1);

  full = false;
  pass(1h);
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(status().reason, "");
  EXPECT_EQ(buried.size(), 1248U);
  EXPECT_EQ(delivered.size(), 5000U - 1248U);
}

TEST_F(PipelineTest, dead_letters_that_a_person_must_mend_stop_it_before_the_event) {
  give_events(50);
  spec.has_dead_letter = true;
  spec.sinks[0].on_reject = OnReject::dead_letter;
  reject([](uint32_t i) { return i == 12; });
  on_bury = [] { return fatal("the file is damaged"); };
  run();
  EXPECT_EQ(status().state, State::failed);
  EXPECT_EQ(status().reason, "the dead letters: the file is damaged");
  EXPECT_EQ(saved_position(), "10");
}

struct LostPositionTest : PipelineTest {
  LostPositionTest() {
    give_events(10);
    saved.emplace().positions["log"] = "7";
    on_open = [](const action::OpenReader& open) -> Result<> {
      return open.position ? Result<>(fail(Error::Kind::lost_position, "the log begins later"))
                           : Result<>();
    };
  }
};

TEST_F(LostPositionTest, fail_stops_it_and_says_what_to_do) {
  run();
  EXPECT_EQ(status().state, State::failed);
  EXPECT_EQ(status().reason,
            "source in part log: the saved position is lost: the log begins later; see "
            "on_lost_position, or `penstock checkpoint reset`");
  EXPECT_EQ(saved_position(), "7");
}

TEST_F(LostPositionTest, earliest_begins_at_the_earliest_and_says_so) {
  spec.on_lost_position = OnLostPosition::earliest;
  run();
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(delivered, range(0, 10));
  EXPECT_EQ(status().lost_positions, 1U);
  EXPECT_EQ(opened.back().what.start, Part::Start::earliest);
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_NE(notices[0].find("the saved position is lost"), std::string::npos);
}

TEST_F(LostPositionTest, latest_begins_behind_what_the_source_has) {
  spec.on_lost_position = OnLostPosition::latest;
  run();
  EXPECT_EQ(status().state, State::finished);
  ASSERT_EQ(opened.size(), 2U);
  EXPECT_EQ(opened[0].what.start, Part::Start::configured);
  EXPECT_EQ(opened[1].what.start, Part::Start::latest);
  EXPECT_EQ(opened[1].position, std::nullopt);
  EXPECT_EQ(status().lost_positions, 1U);
}

TEST_F(LostPositionTest, several_in_a_row_without_progress_stop_it) {
  spec.on_lost_position = OnLostPosition::earliest;
  on_open = [](auto&) -> Result<> { return fail(Error::Kind::lost_position, "gone"); };
  run();
  EXPECT_EQ(status().state, State::failed);
  EXPECT_EQ(status().lost_positions, spec.limits.lost_positions_in_a_row + 1U);
}

}  // namespace
}  // namespace penstock::engine
