#include "dead_letters/waiting.h"

#include <gtest/gtest.h>

#include "dead_letters/files.h"
#include "sim/sim_files.h"
#include "testing/test_context.h"
#include "testing/test_letter.h"

namespace penstock::dead_letters {
namespace {

using Numbers = std::vector<uint64_t>;

class WaitingTest : public testing::Test {
 protected:
  void SetUp() override {
    store_ = *FilesDeadLetters::make({.path = "/letters"}, context_.with(files_));
    ASSERT_TRUE(store_->open("p", {}));
    archive_ = *store_->archive("p");
  }
  // Its order is the generation and what is given.
  void write(const std::string& place, const std::string& order, const std::string& key = "k",
             const std::string& generation = "g") {
    TestLetter made(order, key);
    made.sink = place;
    made.event.order = made.arena.copy(order.empty() ? "" : generation + order);
    if (key.empty()) {
      made.event.order_key = {};
    }
    const DeadLetter letter = made.letter(true);
    ASSERT_TRUE(store_->write({&letter, 1}, {}));
  }
  void read(ReplayChoice choice = {}) {
    choice.source = SourceTraits{.generation_bytes = 1, .generations_ascend = ascend_};
    choice.sinks = {"one", "two"};
    waiting_ = *Waiting::read(*archive_, std::move(choice), {});
  }
  Numbers ready(const std::string& place) { return waiting_->ready(place); }

  bool ascend_ = false;  // the source's generations
  TestContext context_{"p/files"};
  sim::SimFiles files_;
  std::unique_ptr<DeadLetterStore> store_;
  std::unique_ptr<DeadLetterArchive> archive_;
  std::unique_ptr<Waiting> waiting_;
};

TEST_F(WaitingTest, a_change_that_decoding_rejected_goes_between_those_of_the_sink) {
  write("", "3");     // 1
  write("one", "1");  // 2
  write("one", "2");  // 3
  write("one", "4");  // 4
  write("two", "4");  // 5
  read();
  EXPECT_EQ(waiting_->places(), (std::vector<std::string>{"", "one", "two"}));
  EXPECT_EQ(ready(""), Numbers{});
  EXPECT_EQ(waiting_->first_held("")->by, 2U);
  EXPECT_EQ(ready("one"), (Numbers{2, 3}));
  EXPECT_EQ(ready("two"), Numbers{}) << "what decoding rejected goes to it too";
  EXPECT_EQ(waiting_->first_held("two")->letter, 5U);
  EXPECT_EQ(waiting_->first_held("two")->by, 1U);
  ASSERT_TRUE(waiting_->mark(Numbers{2}, {}));
  EXPECT_EQ(ready(""), Numbers{}) << "letter 3 waits still";
  ASSERT_TRUE(waiting_->mark(Numbers{3}, {}));
  EXPECT_EQ(ready(""), Numbers{1});
  EXPECT_EQ(ready("one"), Numbers{});
  ASSERT_TRUE(waiting_->mark(Numbers{1}, {}));
  EXPECT_EQ(ready("one"), Numbers{4});
  EXPECT_EQ(ready("two"), Numbers{5});
  read();
  EXPECT_EQ(waiting_->chosen("one"), Numbers{4}) << "the ledger has them";
}

// A restart reads an older generation once more, while letters of a newer one are there already.
TEST_F(WaitingTest, a_key_goes_in_the_order_of_generations_where_they_ascend) {
  write("one", "1", "k", "h");  // 1
  write("one", "2", "k", "g");  // 2
  write("one", "1", "k", "g");  // 3
  write("", "1", "other", "h");
  write("", "1", "other", "g");
  write("", "3", "k", "f");  // 6
  write("one", "9", "", "f");
  read();
  EXPECT_EQ(ready("one"), (Numbers{1, 3, 2, 7})) << "nobody knows which generation is older";
  EXPECT_EQ(ready(""), (Numbers{4, 5}));
  EXPECT_EQ(waiting_->first_held("")->by, 1U);
  ascend_ = true;
  read();
  EXPECT_EQ(ready("one"), Numbers{7});
  EXPECT_EQ(waiting_->first_held("one")->by, 6U);
  EXPECT_EQ(ready(""), (Numbers{5, 4, 6}));
  ASSERT_TRUE(waiting_->mark(Numbers{6}, {}));
  EXPECT_EQ(ready("one"), (Numbers{3, 2, 1, 7}));
}

TEST_F(WaitingTest, sinks_do_not_wait_for_each_other) {
  write("one", "1");
  write("two", "2");
  read();
  EXPECT_EQ(ready("two"), Numbers{2});
}

TEST_F(WaitingTest, a_sink_that_is_not_there_any_more_holds_nothing_back) {
  write("gone", "1");
  write("", "2");
  read();
  EXPECT_EQ(ready(""), Numbers{2});
}

TEST_F(WaitingTest, other_keys_and_events_without_a_key_do_not_wait) {
  write("one", "1");
  write("", "2", "other");
  write("", "3", "");
  write("one", "4", "");
  read();
  EXPECT_EQ(ready(""), (Numbers{2, 3}));
  EXPECT_EQ(ready("one"), (Numbers{1, 4}));
}

TEST_F(WaitingTest, what_was_not_chosen_holds_back_too) {
  write("one", "1");
  write("one", "2");
  write("", "3");
  write("one", "4");
  read({.sink = "one"});
  EXPECT_EQ(ready("one"), (Numbers{1, 2}));
  read({.sequences = {2, 4}});
  EXPECT_EQ(ready("one"), Numbers{});
  EXPECT_EQ(waiting_->first_held("one")->by, 1U);
  read({.sequences = {2, 4}, .force = true});
  EXPECT_EQ(ready("one"), (Numbers{2, 4}));
  read({.force = true});
  EXPECT_EQ(ready("one"), (Numbers{1, 2})) << "what was chosen keeps its order";
}

TEST_F(WaitingTest, without_a_durable_order_as_they_were_rejected) {
  write("", "");
  write("one", "");
  read();
  EXPECT_EQ(ready(""), Numbers{1});
  EXPECT_EQ(ready("one"), Numbers{});
}

TEST_F(WaitingTest, a_repeat_goes_with_its_letter) {
  write("one", "2");
  write("one", "1");
  write("two", "1");
  write("one", "2");
  read({.sequences = {4}, .force = true});
  EXPECT_EQ(ready("one"), Numbers{1});
  ASSERT_TRUE(waiting_->mark(Numbers{1}, {}));
  EXPECT_TRUE(waiting_->places().empty());
  read();
  EXPECT_EQ(waiting_->chosen("one"), Numbers{2});
  EXPECT_EQ(waiting_->chosen("two"), Numbers{3}) << "the same event at another sink is another";
}

// Version 1 kept a hash of a key that a transform had set.
TEST_F(WaitingTest, a_key_of_version_1_is_the_same_key) {
  TestLetter made("3");
  made.sink = "";
  made.event.order = "g3";
  const std::string kept = kept_old_key(old_order_key_of(made.event.stream, made.event.key));
  made.event.kept_key = kept;
  const DeadLetter letter = made.letter(true);
  ASSERT_TRUE(store_->write({&letter, 1}, {}));
  write("one", "1");
  read();
  EXPECT_EQ(ready(""), Numbers{});
  EXPECT_EQ(ready("one"), Numbers{2});
  EXPECT_EQ(waiting_->first_held("")->by, 2U);
}

TEST_F(WaitingTest, what_could_not_be_noted_waits) {
  write("one", "1");
  write("one", "2");
  read();
  files_.set_hook([](const sim::FileOperation&) {
    return sim::FileFault{.error = {Error::Kind::transient, "the disk is full", std::nullopt},
                          .bytes_kept = 3};
  });
  EXPECT_FALSE(waiting_->mark(Numbers{1}, {}));
  files_.set_hook({});
  EXPECT_EQ(waiting_->chosen("one"), (Numbers{1, 2}));
}

}  // namespace
}  // namespace penstock::dead_letters
