#include "base/system_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

namespace penstock {
namespace {

class StillClock final : public Clock {
 public:
  Instant now() override { return now_; }
  Timestamp wall() override { return {1'700'000'000'000'000}; }
  void pass(Duration time) { now_ = now_ + time; }

 private:
  Instant now_{1h};
};

class SystemLogTest : public testing::Test {
 protected:
  SystemLogTest() { EXPECT_EQ(::pipe(pipe_), 0); }
  ~SystemLogTest() override {
    ::close(pipe_[0]);
    ::close(pipe_[1]);
  }
  SystemLog::Options options(SystemLog::Format format = SystemLog::Format::text) const {
    return {.level = Log::Level::info, .format = format, .descriptor = pipe_[1]};
  }
  // What was written until now; a test writes far less than a pipe holds.
  std::string written() const {
    (void)!::write(pipe_[1], "#", 1);
    std::string got(65536, '\0');
    const ssize_t size = ::read(pipe_[0], got.data(), got.size());
    got.resize(size > 0 ? static_cast<size_t>(size) - 1 : 0);
    return got;
  }
  StillClock clock_;
  int pipe_[2];
};

TEST_F(SystemLogTest, writes_time_level_place_and_text_on_one_line) {
  SystemLog log(clock_, options());
  log.warn("ingest/files", "the disk is slow");
  log.debug("ingest/files", "not at this level");
  EXPECT_EQ(written(), "2023-11-14T22:13:20.000000Z WARN  ingest/files: the disk is slow\n");
}

TEST_F(SystemLogTest, writes_json_that_hostile_text_cannot_break) {
  SystemLog log(clock_, options(SystemLog::Format::json));
  log.error("a", "say \"hi\"\n\\ \xff \xc2\x9b é");
  EXPECT_EQ(written(),
            "{\"at\":\"2023-11-14T22:13:20.000000Z\",\"level\":\"ERROR\",\"where\":\"a\","
            "\"what\":\"say \\\"hi\\\"\\\\n\\\\ \\\\xff \\\\xc2\\\\x9b é\"}\n");
}

TEST_F(SystemLogTest, escapes_what_could_forge_a_line_or_command_a_terminal) {
  SystemLog log(clock_, options());
  log.info("a", "one\ntwo\x1b[2Jthree\r");
  EXPECT_EQ(written(), "2023-11-14T22:13:20.000000Z INFO  a: one\\ntwo\\x1b[2Jthree\\x0d\n");
}

TEST_F(SystemLogTest, counts_a_repeated_line_and_reports_it_after_its_window) {
  SystemLog log(clock_, options());
  for (int i = 0; i < 1000; ++i) {
    log.warn("a", "again");
    log.warn("b", "again");
  }
  const std::string first = written();
  EXPECT_EQ(std::ranges::count(first, '\n'), 2);
  clock_.pass(SystemLog::kRepeatWindow);
  log.info("a", "other");
  const std::string second = written();
  EXPECT_NE(second.find("WARN  a: again (repeated 999 times)\n"), std::string::npos) << second;
  EXPECT_NE(second.find("WARN  b: again (repeated 999 times)\n"), std::string::npos) << second;
  EXPECT_NE(second.find("INFO  a: other\n"), std::string::npos) << second;
}

TEST_F(SystemLogTest, reports_repeats_when_it_ends) {
  {
    SystemLog log(clock_, options());
    log.warn("a", "again");
    log.warn("a", "again");
  }
  EXPECT_NE(written().find("(repeated 1 times)"), std::string::npos);
}

TEST_F(SystemLogTest, cuts_a_line_without_end) {
  SystemLog log(clock_, options());
  log.info("a", std::string(100'000 / 2, 'x'));
  const std::string got = written();
  EXPECT_LT(got.size(), SystemLog::kLineBytesMax + 100);
  EXPECT_TRUE(got.ends_with(" (cut)\n"));
}

TEST_F(SystemLogTest, shows_no_progress_where_there_is_no_terminal) {
  SystemLog log(clock_, options());
  log.progress("10 events/s");
  log.info("a", "line");
  EXPECT_EQ(written().find("events/s"), std::string::npos);
}

}  // namespace
}  // namespace penstock
