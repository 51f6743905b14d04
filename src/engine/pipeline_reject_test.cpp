// Rejected events: what happens to them by on_reject, and when the pipeline stops.
#include "engine/test_pipeline.h"

namespace penstock::engine {
namespace {

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
  EXPECT_EQ(
      status().reason,
      "sink out: event 15 of  key {\"_id\":\"15\"}: no such column; to go on without it, give "
      "the pipeline a `dead_letter` and set `on_reject: dead_letter`, or set `on_reject: drop`");
  EXPECT_EQ(saved_position(), "10");
}

TEST_F(PipelineTest, an_undecodable_event_that_stops_it_names_what_may_be_done) {
  give_events(5);
  undecodable = [](uint32_t i) { return i == 3; };
  run();
  EXPECT_EQ(status().state, State::failed);
  EXPECT_NE(status().reason.find("`on_reject: dead_letter`"), std::string::npos) << status().reason;
}

TEST_F(PipelineTest, a_replay_that_stops_names_nothing_that_a_pipeline_file_could_change) {
  spec.replay = true;
  give_events(5);
  reject([](uint32_t i) { return i == 3; });
  run();
  EXPECT_EQ(status().reason, "sink out: event 3 of  key {\"_id\":\"3\"}: no such column");
}

// A letter's `quarantined` says that later changes of its key are held back with it.
TEST_F(PipelineTest, letters_of_a_key_in_quarantine_say_so_and_others_do_not) {
  keys = {"a", "", "a"};
  spec.has_dead_letter = true;
  spec.sinks[0].on_reject = OnReject::quarantine;
  reject([](uint32_t i) { return i < 2; });
  run();
  EXPECT_EQ(buried, (Indexes{0, 1, 2}));
  EXPECT_EQ(buried_in_quarantine, (Indexes{0, 2}));
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
  EXPECT_EQ(buried_in_quarantine.size(), 4U) << "their letters say so";
  EXPECT_EQ(status().quarantined_keys, 1U);
}

TEST_F(PipelineTest, what_came_before_an_undecodable_change_of_its_key_does_not_follow_it) {
  keys = {"a", "a", "b", "a"};
  spec.has_dead_letter = true;
  spec.source_on_reject = OnReject::quarantine;
  undecodable = [](uint32_t i) { return i == 1; };
  spec.sinks[0].batch_wait = 1h;  // event 0 still waits in its lane when 1 is rejected
  run();
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(delivered, (Indexes{0, 2}));
  EXPECT_EQ(buried, (Indexes{1, 3}));
  EXPECT_EQ(buried_in_quarantine.size(), 2U) << "their letters say so";
  EXPECT_EQ(status().source_dead_letters, 1U);
  EXPECT_EQ(status().sinks[0].dead_letters, 1U);
}

TEST_F(PipelineTest, good_events_of_a_batch_begin_the_count_of_rejections_anew) {
  give_events(1000);
  spec.has_dead_letter = true;
  spec.sinks[0].on_reject = OnReject::dead_letter;
  spec.sinks[0].batch_events = 500;
  spec.limits.read_events = 1000;
  reject([](uint32_t i) { return i % 2 == 1; });
  run();
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(delivered.size(), 500U);
  EXPECT_EQ(buried.size(), 500U);
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
  EXPECT_EQ(said, 2);  // after five seconds, and after a minute

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

}  // namespace
}  // namespace penstock::engine
