#include "base/mutex.h"

#include <gtest/gtest.h>

#include <thread>

namespace penstock {
namespace {

class Counter {
 public:
  void add() {
    const MutexLock lock(mutex_);
    ++value_;
    changed_.notify_all();
    stoppable_.notify_all();
  }
  int value() {
    const MutexLock lock(mutex_);
    return value_;
  }
  void wait_until(int value) {
    const MutexLock lock(mutex_);
    changed_.wait(mutex_, [&]() REQUIRES(mutex_) { return value_ >= value; });
  }
  bool wait_until(int value, Duration timeout) {
    const MutexLock lock(mutex_);
    return changed_.wait_for(mutex_, timeout, [&]() REQUIRES(mutex_) { return value_ >= value; });
  }
  bool wait_until(int value, Stop stop) {
    const MutexLock lock(mutex_);
    return stoppable_.wait(mutex_, std::move(stop),
                           [&]() REQUIRES(mutex_) { return value_ >= value; });
  }
  bool wait_until(int value, Stop stop, Duration timeout) {
    const MutexLock lock(mutex_);
    return stoppable_.wait_for(mutex_, std::move(stop), timeout,
                               [&]() REQUIRES(mutex_) { return value_ >= value; });
  }
  // What another thread adds while this one has let go of the mutex.
  int seen_after_a_pause() {
    MutexLock lock(mutex_);
    add_elsewhere();
    lock.unlock();
    std::thread([this] { add(); }).join();
    lock.lock();
    return value_;
  }

 private:
  void add_elsewhere() REQUIRES(mutex_) {
    const MutexUnlock unlocked(mutex_);
    std::thread([this] { add(); }).join();
  }

  Mutex mutex_;
  Condition changed_;
  StoppableCondition stoppable_;
  int value_ GUARDED_BY(mutex_) = 0;
};

TEST(Mutex, a_lock_keeps_others_out) {
  Counter counter;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < 1000; ++k) {
          counter.add();
        }
      });
    }
  }
  EXPECT_EQ(counter.value(), 4000);
}

TEST(Mutex, what_is_let_go_of_in_the_middle_is_held_again) {
  Counter counter;
  EXPECT_EQ(counter.seen_after_a_pause(), 2);
  counter.add();  // would wait for ever if the lock were still held
  EXPECT_EQ(counter.value(), 3);
}

TEST(Mutex, a_condition_is_waited_for_by_its_predicate) {
  Counter counter;
  const std::jthread adds([&] { counter.add(); });
  counter.wait_until(1);
  EXPECT_TRUE(counter.wait_until(1, 1ns));
  EXPECT_FALSE(counter.wait_until(2, 1ns));
}

TEST(Mutex, a_stop_ends_a_wait) {
  Counter counter;
  std::stop_source stop;
  const std::jthread stops([&] { stop.request_stop(); });
  EXPECT_FALSE(counter.wait_until(1, stop.get_token()));
  EXPECT_FALSE(counter.wait_until(1, stop.get_token(), 1h));
  counter.add();
  EXPECT_TRUE(counter.wait_until(1, stop.get_token()));
  EXPECT_FALSE(counter.wait_until(2, {}, 1ns));
}

}  // namespace
}  // namespace penstock
