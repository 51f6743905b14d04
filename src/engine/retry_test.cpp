// A target that is not there yet is asked for again, until it is open or patience is used up.
#include "engine/retry.h"

#include <gtest/gtest.h>

namespace penstock::engine {
namespace {

struct OpeningTest : testing::Test {
  Instant now{Duration{1s}};
  PipelineSpec spec;
  Common common{spec};
  RetryPolicy policy;
  Opening opening{common, policy, 3, "sink out"};
};

TEST_F(OpeningTest, it_is_asked_for_once) {
  EXPECT_TRUE(opening.asks());
  EXPECT_FALSE(opening.asks());
  EXPECT_FALSE(opening.is_open());
  EXPECT_TRUE(opening.answered({}, now));
  EXPECT_TRUE(opening.is_open());
  opening.timer();
  EXPECT_FALSE(opening.asks()) << "it is open";
}

TEST_F(OpeningTest, one_that_is_not_there_yet_is_opened_later) {
  EXPECT_TRUE(opening.asks());
  EXPECT_TRUE(opening.answered(transient("not there"), now));
  EXPECT_FALSE(opening.is_open());
  EXPECT_FALSE(opening.asks());
  EXPECT_EQ(opening.outage().text(now), "waits for sink out since 0 s: not there");
  now = common.timers.next();
  const auto due = common.timers.pop(now);
  ASSERT_TRUE(due);
  EXPECT_EQ(*due, (Timers::Due{Timers::Kind::open, 3}));
  opening.timer();
  EXPECT_TRUE(opening.asks());
  EXPECT_TRUE(opening.answered({}, now));
  EXPECT_TRUE(opening.is_open());
  EXPECT_FALSE(opening.outage().since());
}

TEST_F(OpeningTest, after_a_success_the_back_off_begins_anew) {
  policy = {.attempts = {}, .give_up_after = {}, .initial = 10ms, .max = 1h};
  for (int i = 0; i < 12; ++i) {
    EXPECT_TRUE(opening.answered(transient("not there"), now));
  }
  EXPECT_TRUE(opening.answered({}, now));
  EXPECT_TRUE(opening.answered(transient("not there"), now));
  EXPECT_LE(opening.outage().retry_at(), now + policy.initial);
}

TEST_F(OpeningTest, patience_is_used_up) {
  policy.attempts = 1;
  EXPECT_TRUE(opening.answered(transient("not there"), now));
  const Result<> answer = opening.answered(transient("not there"), now);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().what, "sink out: not there");
}

}  // namespace
}  // namespace penstock::engine
