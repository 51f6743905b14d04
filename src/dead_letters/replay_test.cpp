#include "dead_letters/replay.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "dead_letters/files.h"
#include "sim/sim_files.h"
#include "testing/test_context.h"
#include "testing/test_letter.h"

namespace penstock::dead_letters {
namespace {

using Ids = std::vector<std::string>;

struct Written {
  std::string id;
  std::string sink = "mongodb";
  std::string key = "k";
  bool quarantined = false;
  std::string raw = {};    // else as TestLetter makes it
  std::string order = {};  // likewise
  bool durable = true;     // false: no order
};

class ReplayTest : public testing::Test {
 protected:
  void SetUp() override {
    store_ = *FilesDeadLetters::make({.path = "/letters"}, context_.with(files_));
    ASSERT_TRUE(store_->open("p", {}));
    archive_ = *store_->archive("p");
  }
  void write(const Written& written) {
    TestLetter made(written.id, written.key);
    made.sink = written.sink;
    if (written.key.empty()) {
      made.event.order_key = {};
    }
    if (!written.raw.empty()) {
      made.event.raw = written.raw;
    }
    if (!written.order.empty() || !written.durable) {
      made.event.order = written.order;
    }
    const DeadLetter letter = made.letter(written.quarantined);
    ASSERT_TRUE(store_->write({&letter, 1}, {}));
  }
  // What is to go back to the choice's place, as far as it may go now.
  std::unique_ptr<Reader> reader(const ReplayChoice& choice) {
    const std::string place = *choice.sink;
    waiting_ = *Waiting::read(*archive_, choice, {});
    source_ = make_replay_source(
        *archive_, *waiting_,
        {.place = place, .sequences = waiting_->ready(place), .one_by_one = place.empty()});
    return *source_->open({"dead-letters"}, std::nullopt, {}, {});
  }
  std::vector<std::string> places() { return (*Waiting::read(*archive_, {}, {}))->places(); }
  // All ids that one replay gives, committed or not.
  Ids replay(const ReplayChoice& choice, bool commit) {
    auto from = reader(choice);
    Ids ids;
    while (true) {
      EventBlock block;
      const Result<Read> read = from->read(block, {.events = 2}, {});
      EXPECT_TRUE(read);
      std::string_view last;
      for (const Event& event : block.events) {
        EXPECT_LT(last, event.order);
        last = event.order;
        ids.emplace_back(event.id);
      }
      if (commit) {
        EXPECT_TRUE(from->commit(read->position, {}));
      }
      if (read->end) {
        return ids;
      }
    }
  }
  std::vector<uint64_t> overtaken(bool held = true) {
    const auto all = (*Waiting::read(*archive_, {}, {}))->chosen("mongodb");
    return *may_be_overtaken(*archive_, all, [held](const StoredLetter&) { return held; }, {});
  }

  TestContext context_{"p/files"};
  sim::SimFiles files_;
  std::unique_ptr<DeadLetterStore> store_;
  std::unique_ptr<DeadLetterArchive> archive_;
  std::unique_ptr<Waiting> waiting_;
  std::unique_ptr<Source> source_;
};

// Rejects the event of one id.
class PickySink final : public Sink {
 public:
  SinkTraits traits() const override { return {}; }
  Result<> open(const Resume&, Stop) override { return {}; }
  Result<std::vector<Failure>> write(const Batch& batch, Stop) override {
    std::vector<Failure> failures;
    for (uint32_t i = 0; i < batch.events.size(); ++i) {
      if (batch.events[i]->id == "b") {
        failures.push_back({i, Error{Error::Kind::rejected, "no", std::nullopt}});
      }
    }
    return failures;
  }
};

TEST_F(ReplayTest, gives_the_letters_of_one_sink_in_order_and_once) {
  write({"a"});
  write({"x", "kinesis"});
  write({"b"});
  write({"c"});
  EXPECT_EQ(places(), (Ids{"kinesis", "mongodb"}));
  EXPECT_EQ(replay({.sink = "mongodb"}, true), (Ids{"a", "b", "c"}));
  EXPECT_EQ(replay({.sink = "mongodb"}, true), Ids{});
  EXPECT_EQ(places(), Ids{"kinesis"});
  EXPECT_EQ(replay({.sink = "kinesis"}, false), Ids{"x"});
  EXPECT_EQ(replay({.sink = "kinesis"}, true), Ids{"x"}) << "what was not committed comes again";
}

TEST_F(ReplayTest, a_position_marks_what_was_read_up_to_it) {
  write({"a"});
  write({"b"});
  auto from = reader({.sink = "mongodb"});
  EventBlock block;
  const auto first = from->read(block, {.events = 1}, {});
  ASSERT_TRUE(first);
  ASSERT_TRUE(from->read(block, {.events = 2}, {}));
  ASSERT_TRUE(from->commit(first->position, {}));
  EXPECT_EQ(replay({.sink = "mongodb"}, false), Ids{"b"});
}

TEST_F(ReplayTest, the_event_is_as_it_was) {
  write({"a"});
  const TestLetter made("a");
  auto from = reader({.sink = "mongodb"});
  EventBlock block;
  ASSERT_TRUE(from->read(block, {}, {}));
  ASSERT_EQ(block.events.size(), 1U);
  const Event& event = block.events[0];
  EXPECT_EQ(event.raw, made.event.raw);
  EXPECT_EQ(event.key.bytes(), made.event.key.bytes());
  EXPECT_EQ(event.after.bytes(), made.event.after.bytes());
  EXPECT_EQ(event.op, made.event.op);
  EXPECT_EQ(event.at, made.event.at);
}

TEST_F(ReplayTest, an_event_that_was_stored_twice_goes_back_once) {
  write({"a"});
  write({"b"});
  write({"a"});
  EXPECT_EQ(replay({.sink = "mongodb"}, true), (Ids{"a", "b"}));
  EXPECT_EQ(replay({.sink = "mongodb"}, true), Ids{});
}

TEST_F(ReplayTest, two_events_of_one_id_both_go_back) {
  write({"a"});
  write({.id = "a", .raw = "another body"});
  auto from = reader({.sink = "mongodb"});
  EventBlock block;
  ASSERT_TRUE(from->read(block, {}, {}));
  EXPECT_EQ(block.events.size(), 2U);
  ReplaySink::Taken taken;
  ReplaySink sink(std::make_unique<PickySink>(), 1, taken);
  const Batch batch{.events = {&block.events.front()}, .slot = 0, .part = "", .replay = true};
  ASSERT_TRUE(sink.write(batch, {}));
  ASSERT_TRUE(waiting_->mark(taken[0], {}));
  EXPECT_EQ(replay({.sink = "mongodb"}, true).size(), 1U);
}

TEST_F(ReplayTest, a_letter_that_fails_again_meanwhile_waits_for_the_next_replay) {
  write({"a"});
  auto from = reader({.sink = "mongodb"});
  EventBlock block;
  ASSERT_TRUE(from->read(block, {.events = 1}, {}));
  write({"a"});
  const auto read = from->read(block, {.events = 9}, {});
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->end);
  ASSERT_TRUE(from->commit(read->position, {}));
  EXPECT_EQ(block.events.size(), 1U);
  EXPECT_EQ(replay({.sink = "mongodb"}, true), Ids{"a"});
}

// As `format: event` takes ids from outside.
TEST_F(ReplayTest, different_letters_of_one_id_all_go_back) {
  write({.id = "a", .raw = "one", .order = "1"});
  write({.id = "a", .raw = "two", .order = "2"});
  write({.id = "a", .raw = "three", .order = "2"});
  write({.id = "a", .raw = "one", .order = "1"});
  EXPECT_EQ(replay({.sink = "mongodb"}, true), (Ids{"a", "a", "a"}));
  EXPECT_EQ(replay({.sink = "mongodb"}, true), Ids{});
}

TEST_F(ReplayTest, letters_without_a_durable_order_all_go_back) {
  write({.id = "a", .durable = false});
  write({.id = "a", .durable = false});
  EXPECT_EQ(replay({.sink = "mongodb"}, true), (Ids{"a", "a"}));
}

TEST_F(ReplayTest, the_letters_of_a_key_go_back_in_the_order_of_the_source) {
  write({.id = "e3", .key = "k", .order = "g3"});
  write({.id = "x9", .key = "x", .order = "g9"});
  write({.id = "e1", .key = "k", .quarantined = true, .order = "g1"});
  write({.id = "e2", .key = "k", .quarantined = true, .order = "g2"});
  write({.id = "x0", .key = "x", .order = "f0"});
  write({.id = "n5", .key = "", .order = "g5"});
  write({.id = "n4", .key = "", .order = "g4"});
  const Ids as_kept = {"e3", "x9", "e1", "e2", "x0", "n5", "n4"};
  EXPECT_EQ(replay({.sink = "mongodb"}, false), as_kept) << "generations are not known";
  const ReplayChoice choice{.sink = "mongodb", .source = SourceTraits{.generation_bytes = 1}};
  auto from = reader(choice);
  EventBlock block;
  const Read read = from->read(block, {}, {}).value();
  Ids ids;
  for (const Event& event : block.events) {
    ids.emplace_back(event.id);
  }
  EXPECT_EQ(ids, (Ids{"x9", "e1", "e2", "e3", "x0", "n5", "n4"}))
      << "another generation's order says nothing";
  // Up to e2, which is the fourth of the log.
  ASSERT_TRUE(
      from->commit(source_->position_before(read.position, block.events[2].order).value(), {}));
  EXPECT_EQ(replay(choice, true), (Ids{"e2", "e3", "x0", "n5", "n4"}));
}

TEST_F(ReplayTest, one_hand_reads_while_the_other_commits) {
  for (int i = 0; i < 700; ++i) {
    write({std::to_string(i)});
  }
  auto from = reader({.sink = "mongodb"});
  EventBlock block;
  Read read = from->read(block, {.events = 300}, {}).value();
  std::jthread committing(
      [&, position = read.position] { EXPECT_TRUE(from->commit(position, {})); });
  while (!read.end) {
    read = from->read(block, {.events = 1}, {}).value();
  }
  committing.join();
  EXPECT_EQ(block.events.size(), 700U);
  EXPECT_EQ(replay({.sink = "mongodb"}, true).size(), 400U);
}

// Only a position tells what of these went back.
TEST_F(ReplayTest, letters_of_decoding_come_one_a_read) {
  write({"a", ""});
  write({"b", ""});
  auto from = reader({.sink = ""});
  EventBlock block;
  const auto first = from->read(block, {.events = 9}, {});
  ASSERT_TRUE(first);
  EXPECT_EQ(block.events.size(), 1U);
  EXPECT_FALSE(first->end);
  ASSERT_TRUE(from->commit(first->position, {}));
  EXPECT_EQ(replay({.sink = ""}, true), Ids{"b"});
}

TEST_F(ReplayTest, what_was_taken_behind_a_rejected_letter_does_not_go_again) {
  for (const char* id : {"a", "b", "c", "c"}) {
    write({id});
  }
  auto from = reader({.sink = "mongodb"});
  EventBlock block;
  ASSERT_TRUE(from->read(block, {}, {}));
  ReplaySink::Taken taken;
  ReplaySink sink(std::make_unique<PickySink>(), 2, taken);
  Batch batch{.events = {}, .slot = 1, .part = "", .replay = true};
  for (const Event& event : block.events) {
    batch.events.push_back(&event);
  }
  ASSERT_EQ(sink.write(batch, {})->size(), 1U);
  ASSERT_TRUE(waiting_->mark(taken[1], {}));
  EXPECT_EQ(replay({.sink = "mongodb"}, true), Ids{"b"});
}

TEST_F(ReplayTest, chosen_letters_only) {
  write({"a"});
  write({.id = "b", .key = "other"});
  EXPECT_EQ(replay({.sink = "mongodb", .sequences = {2}}, true), Ids{"b"});
  EXPECT_EQ(replay({.sink = "mongodb"}, true), Ids{"a"});
}

TEST_F(ReplayTest, a_plain_letter_with_a_key_may_be_overtaken) {
  write({"a", "mongodb", "one"});
  write({"b", "mongodb", ""});
  EXPECT_EQ(overtaken(), std::vector<uint64_t>{1});
}

TEST_F(ReplayTest, what_a_quarantine_held_back_was_not_overtaken) {
  write({"a", "mongodb", "one"});
  write({"b", "mongodb", "one", true});
  write({"c", "mongodb", "two"});
  write({"d", "mongodb", "one", true});
  write({"e", "", "two"});
  EXPECT_EQ(overtaken(), (std::vector<uint64_t>{1, 3})) << "a: rejected before there was one";
  EXPECT_EQ(overtaken(false), (std::vector<uint64_t>{1, 2, 3, 4})) << "a quarantine that was ended";
}

}  // namespace
}  // namespace penstock::dead_letters
