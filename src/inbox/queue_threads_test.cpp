// Both queues with all of their threads: those that put, the one that reads, the one that commits.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <future>
#include <mutex>
#include <thread>

#include "inbox/inbox.h"
#include "inbox/memory_queue.h"
#include "testing/test_signal.h"

namespace penstock::inbox {
namespace {

FrameWriter request(const std::vector<std::string>& records) {
  FrameWriter frame("orders", Timestamp{1'700'000'000'000'000}, 0);
  for (const std::string& record : records) {
    frame.add(record);
  }
  return frame;
}

constexpr int kThreads = 4;
constexpr int kRequests = 50;  // of each thread, of two records

// Each thread puts its next request once the last one is answered.
std::vector<std::jthread> put_from_threads(Queue& queue, std::atomic<int>& answers) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&queue, &answers, t] {
      for (int i = 0; i < kRequests; ++i) {
        std::promise<void> answered;
        queue.append(request({std::to_string(t), std::to_string(i)}),
                     [&](const Result<Place>& place) {
                       answers += place ? 1 : 0;
                       answered.set_value();
                     });
        answered.get_future().wait();
      }
    });
  }
  return threads;
}

// Positions on their way from the hand that reads to the one that commits; "" ends it.
class Positions {
 public:
  void give(Position position) {
    const std::lock_guard guard(mutex_);
    waiting_.push_back(std::move(position));
    given_.notify_all();
  }
  Position take() {
    std::unique_lock lock(mutex_);
    given_.wait(lock, [this] { return !waiting_.empty(); });
    Position position = std::move(waiting_.front());
    waiting_.pop_front();
    return position;
  }

 private:
  std::mutex mutex_;
  std::condition_variable given_;
  std::deque<Position> waiting_;
};

// Reads on one thread and commits on another; a lost signal would hang it.
void read_and_commit(Queue& queue) {
  std::atomic<int> answers = 0;
  TestSignal signal;
  queue.listen(signal.signal());
  Positions positions;
  std::jthread committing([&] {
    for (Position position = positions.take(); !position.empty(); position = positions.take()) {
      ASSERT_TRUE(queue.commit(position));
    }
  });
  std::vector<std::jthread> threads = put_from_threads(queue, answers);
  std::string last;
  for (size_t count = 0; count < size_t{2} * kThreads * kRequests;) {
    EventBlock block;
    const Read read = queue.read(block, {.events = 7}, {}).value();
    for (const Event& event : block.events) {
      ASSERT_LT(last, event.id);
      last = event.id;
    }
    count += block.events.size();
    if (!block.events.empty()) {
      positions.give(read.position);
    }
    if (read.caught_up && count < size_t{2} * kThreads * kRequests) {
      signal.wait();
    }
  }
  threads.clear();
  positions.give("");
  committing.join();
  EXPECT_EQ(answers, kThreads * kRequests);
  EventBlock block;
  EXPECT_TRUE(queue.read(block, {.wait = 60s}, {}).value().caught_up) << "it never waits";
  EXPECT_TRUE(block.events.empty());
}

TEST(InboxThreadTest, many_threads_put_while_one_reads_and_another_commits) {
  std::string folder = testing::TempDir() + "inbox.XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  SystemFiles files;
  SystemClock clock;
  NullLog log;
  auto inbox =
      Inbox::open({.folder = folder + "/box", .segment_bytes = 4000}, files, clock, log, 1).value();
  read_and_commit(*inbox);
  inbox.reset();
  std::filesystem::remove_all(folder);
}

TEST(MemoryQueueTest, many_threads_put_while_one_reads_and_another_commits) {
  SystemClock clock;
  MemoryQueue queue(1 << 20, clock, 1);
  read_and_commit(queue);
}

TEST(MemoryQueueTest, signals_only_a_reader_that_met_the_end) {
  SystemClock clock;
  MemoryQueue queue(1 << 20, clock, 1);
  TestSignal signal;
  queue.listen(signal.signal());
  const auto put = [&] { queue.append(request({"a"}), [](const Result<Place>&) {}); };
  put();
  put();
  EXPECT_EQ(signal.calls(), 1);
  EventBlock block;
  const Read first = queue.read(block, {.events = 1}, {}).value();
  EXPECT_FALSE(first.caught_up);
  EXPECT_GT(first.behind.value(), 24h);
  const Read second = queue.read(block, {}, {}).value();
  EXPECT_TRUE(second.caught_up);
  EXPECT_EQ(second.behind, Duration{0});
  put();
  EXPECT_EQ(signal.calls(), 2);
}

}  // namespace
}  // namespace penstock::inbox
