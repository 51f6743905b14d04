#include <gtest/gtest.h>

#include "cli/firehose_answer.h"
#include "cli/position_text.h"
#include "cli/progress.h"

namespace penstock::cli {
namespace {

TEST(PositionText, comes_back_as_the_bytes_it_was) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) {
    all += static_cast<char>(byte);
  }
  EXPECT_EQ(position_from(to_text(all)), all);
  EXPECT_EQ(to_text("1 a\\\x01"), "1 a\\x5c\\x01");
  for (const char* wrong : {"\\", "\\x", "\\x1", "\\xzz", "\\n00"}) {
    EXPECT_FALSE(position_from(wrong).has_value()) << wrong;
  }
}

TEST(FirehoseAnswer, tells_which_records_were_taken) {
  const auto answer =
      parse_batch_answer(R"({"FailedPutCount":1,"RequestResponses":[{"RecordId":"a"},)"
                         R"({"ErrorCode":"ServiceUnavailableException","ErrorMessage":"full"}]})",
                         2);
  ASSERT_TRUE(answer.has_value()) << answer.error().what;
  EXPECT_EQ(answer->taken, (std::vector<bool>{true, false}));
  EXPECT_EQ(answer->first_error, "a record was not taken: ServiceUnavailableException: full");
}

TEST(FirehoseAnswer, refuses_what_is_no_answer_for_these_records) {
  for (const char* wrong :
       {"", "<html>", "{}", R"({"RequestResponses":{}})", R"({"RequestResponses":[]})",
        R"({"RequestResponses":["a"]})", R"({"RequestResponses":[{"RecordId":"a"},{}]})"}) {
    EXPECT_FALSE(parse_batch_answer(wrong, 1).has_value()) << wrong;
  }
}

TEST(Progress, shows_rate_lag_in_flight_and_retries) {
  engine::Status status;
  status.name = "ingest";
  status.state = engine::State::running;
  status.lag_seconds = 90;
  status.in_flight_events = 1200;
  status.parts.resize(1);
  status.sinks.resize(1);
  status.sinks[0].name = "http";
  status.sinks[0].retries = 7;
  Progress progress;
  (void)progress.line(std::vector{status}, Instant{1s});
  status.parts[0].settled = 4000;
  EXPECT_EQ(progress.line(std::vector{status}, Instant{2s}),
            "ingest 4.0k done 2.0k/s lag 2m in flight 1.2k retries 7");
  status.sinks[0].failing_for = 75s;
  EXPECT_NE(progress.line(std::vector{status}, Instant{3s}).find("http FAILING for 1m"),
            std::string::npos);
  status.state = engine::State::failed;
  EXPECT_EQ(progress.line(std::vector{status}, Instant{4s}), "ingest failed");
}

TEST(Progress, tells_at_the_end_what_became_of_the_events) {
  engine::Status status;
  status.sinks.resize(1);
  status.sinks[0].name = "http";
  status.sinks[0].events = 10;
  EXPECT_EQ(outcome_of(status), "10 delivered");
  status.sinks[0].dead_letters = 2;
  status.sinks[0].dropped = 1;
  EXPECT_EQ(outcome_of(status), "10 delivered, 2 dead letters, 1 dropped");
  status.sinks.push_back(status.sinks[0]);
  status.sinks[1].name = "lake";
  status.sinks[1].dropped = 0;
  status.sinks[1].dead_letters = 1;
  status.filtered = 3;
  status.source_dead_letters = 4;
  EXPECT_EQ(outcome_of(status),
            "http: 10 delivered, 2 dead letters, 1 dropped; lake: 10 delivered, 1 dead letter; "
            "3 filtered out; before the sinks: 4 dead letters");
}

TEST(Progress, of_several_pipelines_shows_only_what_is_not_zero) {
  engine::Status quiet;
  quiet.name = "emit";
  quiet.state = engine::State::running;
  engine::Status busy = quiet;
  busy.name = "ingest";
  busy.in_flight_events = 3;
  Progress progress;
  EXPECT_EQ(progress.line(std::vector{busy, quiet}, Instant{1s}),
            "ingest 0/s lag 0.0s in flight 3 | emit 0/s lag 0.0s");
}

}  // namespace
}  // namespace penstock::cli
