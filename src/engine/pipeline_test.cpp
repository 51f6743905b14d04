// Ends, limits of room, time and rate, generations, lost positions; the simulator does the same
// with chance.
#include "engine/test_pipeline.h"

namespace penstock::engine {
namespace {

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

TEST_F(PipelineTest, many_parts_stay_within_the_limit_together) {
  give_events(500);
  parts = 50;
  spec.limits.in_flight_events = 20;
  hold_writes = true;
  start();
  pass(1min);
  EXPECT_GT(pipeline->in_flight_events(), 0U);
  while (!held.empty()) {
    EXPECT_LE(pipeline->in_flight_events(), 20U);
    answer_held_writes(std::vector<Failure>{});
    pass(1s);
  }
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(status().sinks[0].events, 500U);
}

TEST_F(PipelineTest, until_events_holds_for_all_parts_together) {
  give_events(500);
  parts = 4;
  spec.until.events = 12;
  run();
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(delivered.size(), 12U);
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

TEST_F(PipelineTest, an_abort_tells_the_writes_to_end_and_ends_with_their_answers) {
  give_events(8);
  hold_writes = true;
  start();
  pipeline->abort(now);
  EXPECT_TRUE(pipeline->giving_up());
  EXPECT_TRUE(pipeline->reading_ended());
  answer_held_writes(std::unexpected(error(Error::Kind::cancelled, "given up")));
  EXPECT_TRUE(pipeline->ended());
  EXPECT_EQ(status().state, State::stopped);
  EXPECT_EQ(status().reason, "aborted; what was not settled comes again with the next run");
  EXPECT_FALSE(saved.has_value());
}

TEST_F(PipelineTest, an_abort_ends_within_a_second_even_where_nothing_answers) {
  give_events(8);
  hold_writes = true;
  start();
  pipeline->abort(now);
  pass(999ms);
  EXPECT_FALSE(pipeline->ended());
  pass(1ms);
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
  spec.sinks[0].traits.folders = true;
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

TEST_F(PipelineTest, a_deadline_before_the_targets_are_open_is_no_success) {
  give_events(1);
  spec.until.deadline = 10s;
  on_open_sink = [] { return transient("not there"); };
  start();
  pass(9s);
  EXPECT_EQ(status().state, State::starting);
  pass(1s);
  EXPECT_EQ(status().state, State::stopped);
  EXPECT_EQ(status().reason, "until.deadline came before all was open");
}

TEST_F(PipelineTest, a_deadline_ends_it_while_the_sink_fails) {
  give_events(5);
  ends = false;
  spec.until.deadline = 10s;
  on_write = [](const Batch&) -> Written { return transient("not there"); };
  start();
  pass(10s + spec.drain_max);
  EXPECT_EQ(status().state, State::stopped);
  EXPECT_TRUE(status().reason.starts_with("5 events were not delivered")) << status().reason;
}

TEST_F(PipelineTest, an_idle_source_is_saved_once) {
  give_events(5);
  ends = false;
  start();
  pass(10min);
  EXPECT_LE(status().saves, 2U);
}

TEST_F(PipelineTest, what_is_settled_behind_a_stuck_event_bounds_reading) {
  give_events(1'000);
  spec.limits.settled_slots = 50;
  bool stuck = true;
  on_write = [&stuck](const Batch& batch) -> Written {
    std::vector<Failure> failures;
    for (uint32_t i = 0; stuck && i < batch.events.size(); ++i) {
      if (number_of(*batch.events[i]) == 0) {
        failures.push_back({i, error(Error::Kind::transient, "not now")});
      }
    }
    return failures;
  };
  start();
  pass(1min);
  EXPECT_GT(status().parts[0].read, 50U);
  EXPECT_LE(status().parts[0].read, 50U + 1 + spec.limits.read_events);
  stuck = false;
  pass(1min);
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(delivered.size(), 1'000U);
}

TEST_F(PipelineTest, bytes_in_flight_bound_reading) {
  for (int i = 0; i < 1'000; ++i) {
    keys.push_back(std::to_string(i) + std::string(10'000, 'x'));
  }
  spec.limits.in_flight_bytes = size_t{1} << 20;
  spec.limits.read_bytes = size_t{100} << 10;
  hold_writes = true;
  start();
  pass(1min);
  EXPECT_GT(status().in_flight_bytes, size_t{500} << 10);
  EXPECT_LE(status().in_flight_bytes, spec.limits.in_flight_bytes + 110'000) << "and one read";
  EXPECT_LE(status().parts[0].read, 115U);
}

TEST_F(PipelineTest, room_is_kept_for_what_reads_under_way_may_bring) {
  parts = 20;
  spec.limits.in_flight_bytes = size_t{1} << 20;
  spec.limits.read_bytes = size_t{100} << 10;
  hold<action::ReadPart>();
  start();
  size_t bytes = 0;
  for (const Action& read : unanswered) {
    bytes += Room::pinned_by(std::get<action::ReadPart>(read).limits).bytes;
  }
  EXPECT_GT(held_of<action::ReadPart>(), 2U);
  EXPECT_LE(bytes, spec.limits.in_flight_bytes);
}

TEST_F(PipelineTest, status_shows_what_the_source_tells_of_its_parts) {
  parts = 2;
  ends = false;
  on_read = [this](const action::ReadPart& read) {
    auto chunk = read_on(read);
    (*chunk)->read.behind = Duration{7s} * (read.part + 1);
    (*chunk)->read.headroom = Duration{1h} * (read.part + 1);
    return chunk;
  };
  start();
  pass(1s);
  EXPECT_EQ(status().parts[0].behind, Duration{7s});
  EXPECT_EQ(status().parts[1].headroom, Duration{2h});
  EXPECT_EQ(status().behind, Duration{14s}) << "the most of its parts";
  EXPECT_EQ(status().headroom, Duration{1h}) << "the least of its parts";
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

TEST_F(LostPositionTest, a_part_is_opened_again_once_the_commit_under_way_is_answered) {
  spec.on_lost_position = OnLostPosition::earliest;
  saved.reset();
  ends = false;
  bool lost = false;
  on_read = [&](const action::ReadPart& read) -> Result<std::unique_ptr<Chunk>> {
    if (held_of<action::Commit>() > 0 && !std::exchange(lost, true)) {
      return fail(Error::Kind::lost_position, "the log was cut");
    }
    return read_on(read);
  };
  hold<action::Commit>();
  start();
  pass(10s);
  ASSERT_TRUE(lost);
  EXPECT_EQ(opened.size(), 1U) << "the old reader is in use";
  hold_nothing();
  pass(10s);
  ASSERT_EQ(opened.size(), 2U);
  EXPECT_EQ(opened[1].position, std::nullopt);
  EXPECT_EQ(status().parts[0].read, 20U);
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
