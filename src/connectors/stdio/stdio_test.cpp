#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <set>
#include <thread>

#include "connectors/stdio/stdin_source.h"
#include "connectors/stdio/stdout_sink.h"
#include "testing/test_context.h"
#include "testing/test_events.h"

namespace penstock {
namespace {

class CopyEncoder final : public Encoder {
  Result<> encode(const Event& event, std::string& out) const override {
    if (event.raw == "bad") {
      return rejected("bad");
    }
    out.append(event.raw);
    return {};
  }
  std::string_view content_type() const override { return "text/plain"; }
};

class StdioTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(pipe(ends_.data()), 0); }
  void TearDown() override {
    close_end(0);
    close_end(1);
  }
  void close_end(size_t end) {
    if (ends_[end] >= 0) {
      close(ends_[end]);
      ends_[end] = -1;
    }
  }
  void feed(std::string_view text) {
    ASSERT_EQ(write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::unique_ptr<Reader> reader(size_t line_max = 100) {
    StdinSource source({.line_max = {line_max}}, clock_, seed_++, Stdio(ends_[0], -1));
    return *source.open({"stdin"}, std::nullopt, {}, {});
  }
  // Without the run's tag, which goes into tags_.
  std::string short_id(std::string_view id) {
    const size_t first = id.find('/');
    const size_t second = id.rfind('/');
    EXPECT_LT(first, second) << id;
    tags_.emplace(id.substr(first, second - first));
    return std::string(id.substr(0, first)).append(id.substr(second));
  }
  // The lines of one read, "!" before a rejected one; "." when it was the end.
  std::string read_lines(Reader& from, ReadLimits limits = {}) {
    EventBlock block;
    auto read = from.read(block, limits, {});
    if (!read) {
      return read.error().what;
    }
    std::string text;
    for (uint32_t i = 0; i < block.events.size(); ++i) {
      for (const Rejection& rejection : block.rejections) {
        text += rejection.index == i ? "!" : "";
      }
      text += short_id(block.events[i].id) + "=" + std::string(block.events[i].raw) + " ";
    }
    return text + (read->end ? "." : "");
  }

  std::array<int, 2> ends_ = {-1, -1};
  SystemClock clock_;
  uint64_t seed_ = 1;
  std::set<std::string> tags_;  // of the ids
};

TEST_F(StdioTest, lines_are_events_and_a_partial_line_waits_for_its_end) {
  auto from = reader();
  feed("a\n\nb");
  EXPECT_EQ(read_lines(*from), "stdin/1=a stdin/2= ");
  EXPECT_EQ(read_lines(*from), "");
  feed("c\n");
  EXPECT_EQ(read_lines(*from), "stdin/3=bc ");
  feed("last");
  close_end(1);
  EXPECT_EQ(read_lines(*from), "");
  EXPECT_EQ(read_lines(*from), "stdin/4=last .");
}

TEST_F(StdioTest, limits_hold_and_the_rest_comes_with_the_next_reads) {
  auto from = reader();
  feed("a\nb\nc\nd");
  close_end(1);
  EXPECT_EQ(read_lines(*from, {.events = 2}), "stdin/1=a stdin/2=b ");
  EXPECT_EQ(read_lines(*from, {.events = 2}), "stdin/3=c ");
  EXPECT_EQ(read_lines(*from, {.events = 2}), "stdin/4=d .");
  EXPECT_EQ(read_lines(*from, {.events = 2}), ".");
}

TEST_F(StdioTest, a_line_beyond_the_limit_is_rejected_and_the_next_is_read) {
  auto from = reader(4);
  feed("12345");
  EXPECT_EQ(read_lines(*from), "!stdin/1=12345 ");
  feed("678\nok\nnot ok\n");
  EXPECT_EQ(read_lines(*from), "stdin/2=ok !stdin/3=not ok ");
}

TEST_F(StdioTest, each_run_has_ids_of_its_own) {
  for (size_t run = 1; run <= 3; ++run) {
    auto from = reader();
    feed("beat\nbeat\n");
    EXPECT_EQ(read_lines(*from), "stdin/1=beat stdin/2=beat ");
    EXPECT_EQ(tags_.size(), run);
  }
}

TEST_F(StdioTest, stdout_writes_a_line_an_event_and_names_what_it_rejects) {
  StdoutSink sink(std::make_shared<CopyEncoder>(), clock_, Stdio(-1, ends_[1]));
  std::array<Event, 4> events;
  const std::array<std::string_view, 4> texts = {"one", "bad", "two\n", ""};
  Batch batch;
  for (size_t i = 0; i < events.size(); ++i) {
    events[i].raw = texts[i];
    events[i].has_raw = true;
    batch.events.push_back(&events[i]);
  }
  const auto failures = sink.write(batch, {});
  ASSERT_TRUE(failures);
  ASSERT_EQ(failures->size(), 1U);
  EXPECT_EQ(failures->front().index, 1U);
  std::array<char, 64> buffer = {};
  const ssize_t got = read(ends_[0], buffer.data(), buffer.size());
  EXPECT_EQ(std::string_view(buffer.data(), static_cast<size_t>(got)), "one\ntwo\n\n");
}

// A pipe has 64 KiB, which end in the second line.
TEST_F(StdioTest, a_line_that_the_deadline_cuts_is_completed_before_others) {
  StdoutSink sink(std::make_shared<CopyEncoder>(), clock_, Stdio(-1, ends_[1]));
  TestBatch first;
  for (const char letter : {'a', 'b', 'c'}) {
    first.add(first.event().raw(std::string(40'000, letter)).event());
  }
  for (int round = 0; round < 2; ++round) {  // in the second nothing goes
    first.batch().deadline = clock_.now() + 20ms;
    const auto failures = sink.write(first.batch(), {});
    if (round == 1) {
      ASSERT_FALSE(failures);
      EXPECT_EQ(failures.error().kind, Error::Kind::transient);
      continue;
    }
    ASSERT_TRUE(failures);
    ASSERT_EQ(failures->size(), 2U);
    for (uint32_t i = 0; i < 2; ++i) {
      EXPECT_EQ((*failures)[i].index, i + 1);
      EXPECT_EQ((*failures)[i].error.kind, Error::Kind::transient);
    }
  }
  std::string got;
  std::jthread reading([&] {
    std::array<char, 4096> buffer = {};
    for (ssize_t size = 1; size > 0; got.append(buffer.data(), static_cast<size_t>(size))) {
      size = read(ends_[0], buffer.data(), buffer.size());
    }
  });
  TestBatch second;
  second.add(first[1]).add(first[2]);
  const auto failures = sink.write(second.batch(), {});
  ASSERT_TRUE(failures);
  EXPECT_TRUE(failures->empty());
  close_end(1);
  reading.join();
  std::string wanted;
  for (const char letter : {'a', 'b', 'b', 'c'}) {
    wanted += std::string(40'000, letter) + "\n";
  }
  EXPECT_EQ(got, wanted);
}

TEST_F(StdioTest, a_closed_pipe_is_fatal) {
  StdoutSink sink(std::make_shared<CopyEncoder>(), clock_, Stdio(-1, ends_[1]));
  close_end(0);
  Event event;
  Batch batch;
  batch.events.push_back(&event);
  const auto failures = sink.write(batch, {});
  ASSERT_FALSE(failures);
  EXPECT_EQ(failures.error().kind, Error::Kind::fatal);
}

}  // namespace
}  // namespace penstock
