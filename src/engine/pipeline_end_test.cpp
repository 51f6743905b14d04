// How a run ends: positions inside a read, deadlines, aborts, and what is told to end.
#include "engine/test_pipeline.h"

namespace penstock::engine {
namespace {

struct InsideReadTest : PipelineTest {
  InsideReadTest() {
    spec.limits.read_events = 1'000;
    spec.position_before = [](const Position&, std::string_view order) {
      return std::optional<Position>(order);
    };
  }
};

// Fault 15b: 1,775 delivered, nothing saved, all of them again at the next start.
TEST_F(InsideReadTest, what_stops_at_one_record_repeats_at_most_what_was_in_flight) {
  give_events(1'000);
  reject([](uint32_t i) { return i == 700; });
  run();
  EXPECT_EQ(status().state, State::failed);
  EXPECT_EQ(saved_position(), "700");
  EXPECT_EQ(committed[0], "700");
  const size_t first_run = delivered.size();
  EXPECT_LE(first_run - 700, 3U) << "the rest of its batch";
  on_write = [](auto&) { return std::vector<Failure>{}; };
  run();
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(delivered.size() - first_run, 300U);
}

TEST_F(InsideReadTest, a_sink_that_never_takes_one_key_keeps_the_position_at_its_event) {
  give_events(1'000);
  on_write = [](const Batch& batch) -> Written {
    std::vector<Failure> failures;
    for (uint32_t i = 0; i < batch.events.size(); ++i) {
      if (number_of(*batch.events[i]) == 17) {
        failures.push_back({i, error(Error::Kind::transient, "locked")});
      }
    }
    return failures;
  };
  start();
  pass(1min);
  EXPECT_EQ(delivered.size(), 999U);
  EXPECT_EQ(saved_position(), "17");
  stop();
  pass(1min);
  EXPECT_EQ(status().state, State::stopped);
  EXPECT_EQ(saved_position(), "17");
}

TEST_F(InsideReadTest, a_source_may_name_some_positions_and_others_not) {
  give_events(1'000);
  ends = false;
  spec.limits.read_events = 500;
  spec.position_before = [](const Position&, std::string_view order) {
    const bool is_named = std::stoul(std::string(order)) < 600;
    return is_named ? std::optional<Position>(order) : std::nullopt;
  };
  spec.save_every = 1ms;
  spec.sinks[0].rate = 10;
  start();
  pass(80s);
  EXPECT_EQ(status().state, State::running);
  EXPECT_GT(delivered.size(), 700U);
  const Position there = saved_position();
  EXPECT_TRUE(there == "500" || std::stoul(there) > 590) << there;
  EXPECT_LT(std::stoul(there), 600U);
  pass(10min);
  EXPECT_EQ(saved_position(), "1000");
  EXPECT_EQ(committed[0], "1000");
}

TEST_F(PipelineTest, what_the_source_does_not_give_again_is_said_to_be_lost) {
  give_events(10);
  ends = false;
  hold_writes = true;
  for (const Progress progress : {Progress::none, Progress::saved}) {
    spec.source.progress = progress;
    const bool is_lost = progress == Progress::none;
    start();
    stop();
    pass(spec.drain_max + spec.closing_max);
    EXPECT_EQ(status().state, State::stopped);
    EXPECT_EQ(status().reason.find("are lost") != std::string::npos, is_lost) << status().reason;
    EXPECT_EQ(status().reason.find("come again") != std::string::npos, !is_lost);
    start();
    pipeline->abort(now);
    EXPECT_EQ(status().reason.find("is lost") != std::string::npos, is_lost) << status().reason;
    EXPECT_EQ(status().reason.find("comes again") != std::string::npos, !is_lost);
  }
}

TEST_F(PipelineTest, closing_has_a_deadline) {
  give_events(10);
  hold<action::Commit>();
  run();
  EXPECT_TRUE(pipeline->ended());
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(held_of<action::Commit>(), 1U) << "it never answered";
}

TEST_F(PipelineTest, a_run_whose_last_save_never_answers_is_no_success) {
  give_events(10);
  hold<action::Save>();
  run();
  EXPECT_TRUE(pipeline->ended());
  EXPECT_NE(status().state, State::finished);
  EXPECT_NE(status().reason, "");
  EXPECT_TRUE(committed.empty());
}

TEST_F(PipelineTest, a_run_that_is_aborted_before_its_last_save_answers_is_no_success) {
  give_events(10);
  hold<action::Save>();
  start();
  EXPECT_EQ(held_of<action::Save>(), 1U);
  EXPECT_EQ(delivered.size(), 10U);
  pipeline->abort(now);
  pass(1s);
  EXPECT_TRUE(pipeline->ended());
  EXPECT_EQ(status().state, State::stopped);
  EXPECT_NE(status().reason, "");
}

TEST_F(PipelineTest, closing_takes_no_longer_than_it_may) {
  give_events(10);
  spec.closing_max = 10s;
  hold<action::Save>();
  start();
  stop();
  pass(10s - 1ns);
  EXPECT_FALSE(pipeline->ended());
  pass(1ns);
  EXPECT_TRUE(pipeline->ended());
}

TEST_F(PipelineTest, an_abort_ends_within_a_second_whatever_does_not_answer) {
  const std::function<bool(const Action&)> held_kinds[] = {
      [](const Action& a) { return std::holds_alternative<action::TakeLease>(a); },
      [](const Action& a) { return std::holds_alternative<action::OpenSink>(a); },
      [](const Action& a) { return std::holds_alternative<action::OpenDeadLetters>(a); },
      [](const Action& a) { return std::holds_alternative<action::Discover>(a); },
      [](const Action& a) { return std::holds_alternative<action::OpenReader>(a); },
      [](const Action& a) { return std::holds_alternative<action::ReadPart>(a); },
      [](const Action& a) { return std::holds_alternative<action::Write>(a); },
      [](const Action& a) { return std::holds_alternative<action::WriteLetters>(a); },
      [](const Action& a) { return std::holds_alternative<action::Save>(a); },
      [](const Action& a) { return std::holds_alternative<action::Commit>(a); },
      [](const Action& a) { return std::holds_alternative<action::Release>(a); },
      [](const Action&) { return true; },
  };
  spec.has_dead_letter = true;
  spec.sinks[0].on_reject = OnReject::dead_letter;
  reject([](uint32_t i) { return i == 3; });
  give_events(10);
  ends = false;
  size_t row = 0;
  for (const auto& kind : held_kinds) {
    SCOPED_TRACE("row " + std::to_string(row++));
    saved.reset();
    unanswered.clear();
    is_held = kind;
    start();
    pass(5s);
    EXPECT_FALSE(pipeline->ended());
    pipeline->abort(now);
    act();
    pass(1s);
    EXPECT_TRUE(pipeline->ended());
    EXPECT_EQ(status().state, State::stopped);
  }
}

// What is told to end answers `cancelled`: no fault of anybody, however few retries there are.
struct CancelledTest : PipelineTest {
  CancelledTest() {
    spec.source_retry.attempts = 0;
    spec.sinks[0].retry.attempts = 0;
    ends = false;
    give_events(10);
  }
  static Error cancelled() { return error(Error::Kind::cancelled, "told to end"); }
  template <class T>
  T take_held() {
    T taken = std::get<T>(std::move(unanswered.at(0)));
    unanswered.erase(unanswered.begin());
    return taken;
  }
};

// Fault 14.
TEST_F(CancelledTest, a_read_does_not_fail_the_drain) {
  start();
  hold<action::ReadPart>();
  pass(1s);
  ASSERT_EQ(held_of<action::ReadPart>(), 1U);
  stop();
  pipeline->read_done(take_held<action::ReadPart>().part, std::unexpected(cancelled()), now);
  act();
  EXPECT_EQ(status().state, State::stopped);
  EXPECT_EQ(status().reason, "");
  EXPECT_EQ(saved_position(), "10");
}

TEST_F(CancelledTest, a_read_that_fails_while_the_run_ends_does_not_fail_the_drain) {
  start();
  hold<action::ReadPart>();
  pass(1s);
  ASSERT_EQ(held_of<action::ReadPart>(), 1U);
  stop();
  pipeline->read_done(take_held<action::ReadPart>().part, transient("connection reset"), now);
  act();
  EXPECT_EQ(status().state, State::stopped);
  EXPECT_EQ(status().reason, "");
}

TEST_F(CancelledTest, a_question_for_parts_does_not_fail_the_drain) {
  spec.source.changing_parts = true;
  start();
  hold<action::Discover>();
  pass(2s);
  ASSERT_EQ(held_of<action::Discover>(), 1U);
  stop();
  take_held<action::Discover>();
  pipeline->discovered(std::unexpected(cancelled()), now);
  act();
  pass(1min);
  EXPECT_EQ(status().state, State::stopped);
  EXPECT_EQ(status().reason, "");
}

TEST_F(CancelledTest, an_opening_of_a_part_does_not_fail_the_drain) {
  hold<action::OpenReader>();
  start();
  ASSERT_EQ(held_of<action::OpenReader>(), 1U);
  stop();
  if (held_of<action::OpenReader>() == 1) {
    pipeline->reader_opened(take_held<action::OpenReader>().part, std::unexpected(cancelled()),
                            now);
    act();
  }
  pass(1min);
  EXPECT_EQ(status().state, State::stopped);
  EXPECT_EQ(status().reason, "");
}

TEST_F(CancelledTest, an_opening_of_a_sink_does_not_fail_the_stop) {
  hold<action::OpenSink>();
  start();
  stop();
  pipeline->sink_opened(take_held<action::OpenSink>().sink, std::unexpected(cancelled()), now);
  act();
  pass(1min);
  EXPECT_EQ(status().state, State::stopped);
  EXPECT_EQ(status().reason, "");
}

TEST_F(CancelledTest, a_write_does_not_fail_the_abort) {
  hold_writes = true;
  start();
  pipeline->abort(now);
  answer_held_writes(std::unexpected(cancelled()));
  EXPECT_TRUE(pipeline->ended());
  EXPECT_EQ(status().state, State::stopped);
  EXPECT_TRUE(status().reason.starts_with("aborted")) << status().reason;
}

TEST_F(CancelledTest, a_write_does_not_fail_a_drain_that_gave_up) {
  hold_writes = true;
  start();
  stop();
  pass(spec.drain_max);
  EXPECT_TRUE(pipeline->giving_up());
  answer_held_writes(std::unexpected(cancelled()));
  EXPECT_TRUE(pipeline->ended());
  EXPECT_EQ(status().state, State::stopped);
  EXPECT_TRUE(status().reason.starts_with("10 events were not delivered")) << status().reason;
}

}  // namespace
}  // namespace penstock::engine
