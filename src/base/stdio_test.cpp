#include "base/stdio.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace penstock {
namespace {

struct Pipe {
  Pipe() { EXPECT_EQ(pipe(ends.data()), 0); }
  ~Pipe() {
    close_reader();
    close_writer();
  }
  void close_reader() { close_end(0); }
  void close_writer() { close_end(1); }
  void close_end(size_t end) {
    if (ends[end] >= 0) {
      close(ends[end]);
      ends[end] = -1;
    }
  }
  std::array<int, 2> ends = {-1, -1};
};

TEST(stdio, reads_what_is_there_and_tells_the_end) {
  Pipe pipe;
  Stdio stdio(pipe.ends[0], -1);
  std::array<char, 64> buffer = {};
  const auto nothing = stdio.read(buffer, 0ms, {});
  ASSERT_TRUE(nothing);
  EXPECT_EQ(nothing->size, 0U);
  EXPECT_FALSE(nothing->end);
  ASSERT_EQ(write(pipe.ends[1], "abc", 3), 3);
  const auto some = stdio.read(buffer, 1s, {});
  ASSERT_TRUE(some);
  EXPECT_EQ(std::string_view(buffer.data(), some->size), "abc");
  pipe.close_writer();
  const auto end = stdio.read(buffer, 1s, {});
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->end);
}

TEST(stdio, a_closed_pipe_is_fatal_and_no_signal_ends_the_program) {
  Pipe pipe;
  pipe.close_reader();
  Stdio stdio(-1, pipe.ends[1]);
  SystemClock clock;
  const auto written = stdio.write("abc", clock, Instant::never(), {});
  ASSERT_FALSE(written.outcome);
  EXPECT_EQ(written.outcome.error().kind, Error::Kind::fatal);
}

TEST(stdio, a_stopped_write_returns_although_nobody_reads) {
  Pipe pipe;
  Stdio stdio(-1, pipe.ends[1]);
  std::stop_source stop;
  const std::string big(size_t{1} << 20, 'x');
  SystemClock clock;
  Stdio::Output written;
  std::thread writer(
      [&] { written = stdio.write(big, clock, Instant::never(), stop.get_token()); });
  stop.request_stop();
  writer.join();
  ASSERT_FALSE(written.outcome);
  EXPECT_EQ(written.outcome.error().kind, Error::Kind::cancelled);
}

TEST(stdio, a_write_ends_at_its_deadline_and_says_how_much_went) {
  Pipe pipe;
  Stdio stdio(-1, pipe.ends[1]);
  SystemClock clock;
  const std::string big(size_t{1} << 20, 'x');
  const auto written = stdio.write(big, clock, clock.now() + 20ms, {});
  ASSERT_FALSE(written.outcome);
  EXPECT_EQ(written.outcome.error().kind, Error::Kind::transient);
  pipe.close_writer();
  std::string got(big.size(), '\0');
  size_t size = 0;
  for (ssize_t one = 1; one > 0; size += static_cast<size_t>(one)) {
    one = read(pipe.ends[0], got.data() + size, got.size() - size);
    ASSERT_GE(one, 0);
  }
  EXPECT_EQ(written.size, size);
}

TEST(stdio, large_writes_arrive_whole) {
  Pipe pipe;
  Stdio stdio(-1, pipe.ends[1]);
  std::string big;
  for (int i = 0; i < 100000; ++i) {
    big += std::to_string(i);
  }
  std::string got;
  std::thread reader([&] {
    std::array<char, 5000> buffer = {};
    ssize_t size = 0;
    while ((size = read(pipe.ends[0], buffer.data(), buffer.size())) > 0) {
      got.append(buffer.data(), static_cast<size_t>(size));
    }
  });
  SystemClock clock;
  EXPECT_TRUE(stdio.write(big, clock, Instant::never(), {}).outcome);
  pipe.close_writer();
  reader.join();
  EXPECT_EQ(got, big);
}

}  // namespace
}  // namespace penstock
