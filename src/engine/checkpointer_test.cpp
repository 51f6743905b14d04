// The lease and the saved progress: what is saved, when it is committed, and what becomes of both
// when the store is slow, gone, or somebody else's.
#include "engine/test_pipeline.h"

namespace penstock::engine {
namespace {

struct CheckpointerTest : PipelineTest {
  CheckpointerTest() {
    on_save = [this](const Changes& changes) {
      saves.push_back(changes);
      return Result<>{};
    };
  }
  static Result<Lease> held(std::optional<Duration> retry_after) {
    return std::unexpected(Error{Error::Kind::held, "host b has it", retry_after});
  }
  // Writes take up to 20 s, the lease lives 30 s, and no save that renews it is answered.
  void start_with_lease() {
    spec.sinks[0].traits.write_deadline = 20s;
    on_lease = [] { return Lease{1, 30s}; };
    ends = false;
    hold<action::Save>();
    start();
  }
  // It was asked for 9 s ago.
  void expect_one_second_left() {
    give_events(1);
    pass(999ms);
    EXPECT_EQ(delivered, range(0, 1)) << "9 s and 20 s are less than 30 s";
    pass(1s);
    give_events(1);
    pass(10min);
    EXPECT_EQ(delivered, range(0, 1));
  }
  std::vector<Changes> saves;
};

// Fault 1: `saved` moved while a save was under way, and a CHECK ended the process.
TEST_F(CheckpointerTest, more_settles_during_a_save_where_the_source_owns_its_position) {
  spec.source.progress = Progress::source_owned;
  on_lease = [] { return Lease{1, 60s}; };
  ends = false;
  give_events(25);
  start();
  hold<action::Save>();
  pass(30s);  // the lease is renewed by a save
  ASSERT_EQ(held_of<action::Save>(), 1U);
  for (int i = 0; i < 20; ++i) {
    give_events(25);
    pass(200ms);
  }
  EXPECT_EQ(committed[0], std::to_string(keys.size())) << "a commit waits for no save";
  hold_nothing();
  give_events(25);
  pass(1s);
  stop();
  EXPECT_EQ(status().state, State::stopped);
  EXPECT_EQ(delivered, range(0, static_cast<uint32_t>(keys.size())));
  EXPECT_EQ(committed[0], std::to_string(keys.size()));
  for (const Changes& changes : saves) {
    EXPECT_TRUE(changes.positions.empty()) << "its position is the source's";
  }
}

TEST_F(CheckpointerTest, more_settles_during_a_save_and_is_saved_with_the_next) {
  ends = false;
  give_events(10);
  hold<action::Save>();
  start();
  ASSERT_EQ(held_of<action::Save>(), 1U);
  give_events(10);
  pass(1s);
  EXPECT_EQ(held_of<action::Save>(), 1U) << "one save at a time";
  EXPECT_EQ(status().parts[0].settled, 20U);
  EXPECT_EQ(committed.size(), 0U) << "I3";
  answer_unanswered();
  EXPECT_EQ(committed[0], "10") << "what that save held, and no more";
  hold_nothing();
  pass(1s);
  EXPECT_EQ(committed[0], "20");
}

// Fault 9: after a SIGKILL a later change of the key passed its dead letter.
TEST_F(CheckpointerTest, a_commit_of_a_source_that_owns_its_position_waits_for_the_keys_save) {
  spec.source.progress = Progress::source_owned;
  spec.has_dead_letter = true;
  spec.sinks[0].on_reject = OnReject::quarantine;
  ends = false;
  give_events(10);
  start();
  EXPECT_EQ(committed[0], "10");
  hold<action::Save>();
  reject([](uint32_t i) { return i == 13; });
  give_events(10);
  pass(10s);
  EXPECT_EQ(buried, Indexes{13});
  EXPECT_EQ(held_of<action::Save>(), 1U);
  EXPECT_EQ(committed[0], "10");
  give_events(10);
  pass(10s);
  EXPECT_EQ(committed[0], "10");
  hold_nothing();
  pass(1s);
  EXPECT_EQ(committed[0], "30");
  ASSERT_EQ(saved->quarantined.size(), 1U);
  EXPECT_EQ(saved->quarantined[0].text, R"({"_id":"3"})");
}

TEST_F(CheckpointerTest, a_commit_waits_while_the_save_of_its_key_fails) {
  spec.source.progress = Progress::source_owned;
  spec.has_dead_letter = true;
  spec.sinks[0].on_reject = OnReject::quarantine;
  ends = false;
  give_events(10);
  reject([](uint32_t i) { return i == 3; });
  on_save = [](auto&) { return transient("no answer"); };
  start();
  pass(1min);
  EXPECT_TRUE(committed.empty());
  EXPECT_EQ(status().reason, "waits for the checkpoint since 60 s: no answer");
  on_save = [](auto&) { return Result<>{}; };
  pass(10s);
  EXPECT_EQ(committed[0], "10");
  EXPECT_EQ(saved->quarantined.size(), 1U);
}

TEST_F(CheckpointerTest,
       a_position_that_passes_a_rejected_event_is_saved_in_one_piece_with_its_key) {
  spec.has_dead_letter = true;
  spec.sinks[0].on_reject = OnReject::quarantine;
  give_events(10);
  reject([](uint32_t i) { return i == 3; });
  run();
  std::optional<size_t> key_at;
  std::optional<size_t> passed_at;
  for (size_t i = 0; i < saves.size(); ++i) {
    if (!saves[i].quarantined.empty()) {
      key_at = key_at.value_or(i);
    }
    for (const auto& [part, position] : saves[i].positions) {
      passed_at = std::stoul(position) > 3 ? passed_at.value_or(i) : passed_at;
    }
  }
  ASSERT_TRUE(key_at && passed_at);
  EXPECT_LE(*key_at, *passed_at);
}

TEST_F(CheckpointerTest, a_key_is_saved_once_and_again_only_where_the_save_failed) {
  spec.has_dead_letter = true;
  spec.sinks[0].on_reject = OnReject::quarantine;
  ends = false;
  give_events(10);
  reject([](uint32_t i) { return i == 3; });
  std::vector<size_t> keys_in_saves;
  on_save = [&](const Changes& changes) {
    keys_in_saves.push_back(changes.quarantined.size());
    return keys_in_saves.size() < 3 ? Result<>(transient("no answer")) : Result<>();
  };
  start();
  pass(1min);
  give_events(10);
  pass(1min);
  // Saved may be first a position without it: reads and saves take turns as they come.
  ASSERT_GE(keys_in_saves.size(), 4U);
  EXPECT_EQ(keys_in_saves.back(), 0U);
  EXPECT_EQ(saved->quarantined.size(), 1U);
}

TEST_F(CheckpointerTest, the_last_save_is_tried_again) {
  give_events(10);
  spec.sinks[0].batch_events = 100;
  uint32_t tries = 0;
  on_save = [&](auto&) { return ++tries <= 5 ? Result<>(transient("no answer")) : Result<>(); };
  run();
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(saved_position(), "10");
  EXPECT_EQ(committed[0], "10");
  EXPECT_EQ(releases, 1U);
}

TEST_F(CheckpointerTest, where_the_last_save_never_succeeds_it_fails_and_commits_nothing) {
  give_events(10);
  on_save = [](auto&) { return transient("no answer"); };
  run();
  EXPECT_EQ(status().state, State::failed);
  EXPECT_EQ(status().reason, "the checkpoint could not be saved: no answer");
  EXPECT_TRUE(committed.empty());
}

TEST_F(CheckpointerTest, a_save_that_is_refused_stops_it_and_the_lease_is_not_given_back) {
  ends = false;
  give_events(10);
  on_save = [](auto&) { return fatal("the lease is somebody else's"); };
  run();
  EXPECT_EQ(status().state, State::failed);
  EXPECT_EQ(status().reason, "the checkpoint could not be saved: the lease is somebody else's");
  EXPECT_TRUE(committed.empty());
  EXPECT_EQ(releases, 0U);
}

TEST_F(CheckpointerTest, the_lease_is_given_back_at_the_end_behind_the_last_save_and_commit) {
  give_events(10);
  hold<action::Commit>();
  start();
  EXPECT_EQ(saved_position(), "10");
  EXPECT_EQ(held_of<action::Commit>(), 1U);
  EXPECT_EQ(releases, 0U);
  hold<action::Release>();
  answer_unanswered();
  EXPECT_FALSE(pipeline->ended());
  EXPECT_EQ(held_of<action::Release>(), 1U);
  hold_nothing();
  EXPECT_TRUE(pipeline->ended());
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(releases, 1U);
}

TEST_F(CheckpointerTest, the_lease_is_given_back_by_a_run_that_fails) {
  give_events(10);
  reject([](uint32_t i) { return i == 3; });
  run();
  EXPECT_EQ(status().state, State::failed);
  EXPECT_EQ(releases, 1U);
}

TEST_F(CheckpointerTest, a_lease_that_cannot_be_given_back_is_said_and_no_failure) {
  give_events(10);
  on_release = [] { return transient("no answer"); };
  run();
  EXPECT_EQ(status().state, State::finished);
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0], "the checkpoint's lease was not given back: no answer");
}

// Fault 14: it failed the pipeline at once.
TEST_F(CheckpointerTest, a_lease_that_cannot_be_asked_for_is_asked_for_again) {
  give_events(10);
  uint32_t tries = 0;
  on_lease = [&] { return ++tries <= 20 ? Result<Lease>(transient("no answer")) : Lease{}; };
  start();
  EXPECT_EQ(status().state, State::starting);
  pass(1s);
  EXPECT_EQ(status().reason, "waits for the checkpoint's lease since 1 s: no answer");
  pass(1h);
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(tries, 21U);
}

TEST_F(CheckpointerTest, a_lease_that_must_be_renewed_by_then_is_waited_for) {
  give_events(10);
  const Instant began = now;
  on_lease = [&] { return now < began + 30s ? held(30s) : Lease{}; };
  start();
  pass(29s);
  EXPECT_EQ(status().state, State::starting);
  EXPECT_EQ(opened.size(), 0U);
  pass(1s);
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(delivered, range(0, 10));
}

TEST_F(CheckpointerTest, a_run_waits_for_a_lease_that_is_renewed_as_long_as_it_takes) {
  on_lease = [] { return held(30s); };
  start();
  pass(1h);
  EXPECT_EQ(status().state, State::starting);
  EXPECT_EQ(count_of<action::TakeLease>(), 121U);
}

TEST_F(CheckpointerTest, a_scheduled_run_ends_well_where_another_run_renews_the_lease) {
  spec.until.caught_up = true;
  on_lease = [] { return held(30s); };
  start();
  pass(29s);
  EXPECT_EQ(status().state, State::starting);
  pass(1s);
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(status().reason, "another run has the lease");
  EXPECT_EQ(opened.size(), 0U);
  EXPECT_EQ(releases, 0U);
}

TEST_F(CheckpointerTest, a_lease_whose_holder_lives_is_a_failure) {
  on_lease = [] { return held(std::nullopt); };
  start();
  EXPECT_EQ(status().state, State::failed);
  EXPECT_EQ(status().reason, "host b has it");
}

// Fault 12: it stopped every write without a word.
TEST_F(CheckpointerTest, a_lease_shorter_than_a_write_may_take_is_refused_with_the_numbers) {
  give_events(10);
  spec.sinks[0].traits.write_deadline = 20s;
  on_lease = [] { return Lease{1, 20s}; };
  run();
  EXPECT_EQ(status().state, State::failed);
  EXPECT_EQ(status().reason,
            "sink out: a write may take 20 s, and the checkpoint's lease lives 20 s: no write "
            "could begin. Give the lease a longer life, or the sink a shorter timeout");
  EXPECT_EQ(opened.size(), 0U);
  EXPECT_EQ(releases, 1U) << "it was taken";
}

// I9.
TEST_F(CheckpointerTest, no_write_begins_that_the_lease_does_not_outlive) {
  start_with_lease();
  pass(9s);
  expect_one_second_left();
  EXPECT_EQ(held_of<action::Save>(), 1U);
  hold_nothing();
  EXPECT_EQ(delivered, range(0, 2)) << "the save renewed it";
}

TEST_F(CheckpointerTest, a_save_renews_the_lease_from_when_it_was_asked_for) {
  start_with_lease();
  pass(10s);
  ASSERT_EQ(held_of<action::Save>(), 1U);
  const Instant asked_at = now;
  pass(8s);
  unanswered.clear();
  pipeline->saved({}, asked_at, now);
  pass(1s);
  expect_one_second_left();
}

TEST_F(CheckpointerTest, a_lease_that_no_save_renews_is_renewed_at_a_third_of_its_life) {
  ends = false;
  on_lease = [] { return Lease{1, 30s}; };
  start();
  pass(9s);
  const size_t before = saves.size();
  pass(1min);
  EXPECT_EQ(saves.size() - before, 6U);
}

TEST_F(CheckpointerTest, an_idle_source_that_owns_its_position_is_committed_once) {
  spec.source.progress = Progress::source_owned;
  ends = false;
  give_events(5);
  start();
  pass(10min);
  EXPECT_EQ(committed[0], "5");
  EXPECT_LE(count_of<action::Commit>(), 2U);
}

TEST_F(CheckpointerTest, progress_that_the_source_cannot_name_is_no_reason_to_save) {
  ends = false;
  give_events(10);
  hold_writes = true;
  start();
  for (int batch = 0; batch < 2; ++batch) {  // eight of the read's ten events
    pass(10s);
    answer_held_writes(std::vector<Failure>{});
  }
  EXPECT_EQ(status().parts[0].settled, 8U);
  EXPECT_EQ(saves.size(), 0U);
  answer_held_writes(std::vector<Failure>{});
  ASSERT_EQ(saves.size(), 1U) << "the first progress at once";
  EXPECT_EQ(saved_position(), "10");
  give_events(10);
  for (int batch = 0; batch < 2; ++batch) {
    pass(10s);
    answer_held_writes(std::vector<Failure>{});
  }
  pass(10s);
  EXPECT_EQ(saves.size(), 1U);
}

TEST_F(CheckpointerTest, progress_that_the_source_cannot_name_is_no_reason_to_commit) {
  spec.source.progress = Progress::source_owned;
  ends = false;
  spec.sinks[0].batch_events = 1;
  for (int i = 0; i < 10; ++i) {
    give_events(10);
    i == 0 ? start() : pass(10s);
  }
  EXPECT_EQ(committed[0], "100");
  EXPECT_LE(count_of<action::Commit>(), 10U);
}

TEST_F(CheckpointerTest, a_commit_that_fails_is_tried_again) {
  ends = false;
  give_events(5);
  uint32_t tries = 0;
  on_commit = [&](auto&) { return ++tries <= 3 ? Result<>(transient("no answer")) : Result<>(); };
  start();
  pass(1min);
  EXPECT_EQ(committed[0], "5");
  EXPECT_EQ(tries, 4U);
}

TEST_F(CheckpointerTest, a_commit_that_waits_for_its_retry_is_tried_once_more_at_the_end) {
  spec.source.progress = Progress::source_owned;
  spec.source_retry.initial = spec.source_retry.max = 1h;
  ends = false;
  give_events(5);
  uint32_t tries = 0;
  on_commit = [&](auto&) { return ++tries == 1 ? Result<>(transient("no answer")) : Result<>(); };
  start();
  EXPECT_EQ(tries, 1U);
  stop();
  EXPECT_EQ(status().state, State::stopped);
  EXPECT_EQ(committed[0], "5");
}

TEST_F(CheckpointerTest, a_commit_under_way_is_followed_by_what_settled_meanwhile) {
  ends = false;
  give_events(5);
  hold<action::Commit>();
  start();
  ASSERT_EQ(held_of<action::Commit>(), 1U);
  give_events(5);
  pass(10s);
  EXPECT_EQ(held_of<action::Commit>(), 1U) << "one at a time";
  EXPECT_EQ(saved_position(), "10") << "reads and saves go on";
  hold_nothing();
  EXPECT_EQ(committed[0], "10");
}

TEST_F(CheckpointerTest, a_source_with_nothing_to_resume_is_never_committed) {
  spec.source.progress = Progress::none;
  give_events(10);
  run();
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(count_of<action::Commit>(), 0U);
}

TEST_F(CheckpointerTest, without_a_store_the_settled_position_is_committed) {
  spec.has_checkpoint = false;
  give_events(10);
  run();
  EXPECT_EQ(status().state, State::finished);
  EXPECT_EQ(committed[0], "10");
  EXPECT_EQ(count_of<action::TakeLease>() + count_of<action::Save>() + releases, 0U);
}

}  // namespace
}  // namespace penstock::engine
