#include "clients/sqlite/turns.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace penstock::sqlite {
namespace {

void wait_for(Turns& turns, size_t size) {
  while (turns.size() < size) {
    std::this_thread::yield();
  }
}

TEST(Turns, are_given_in_the_order_of_asking) {
  Turns turns;
  ASSERT_TRUE(turns.take({}));
  std::vector<size_t> order;  // changed by who has the turn
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < 5; ++i) {
      threads.emplace_back([&, i] {
        ASSERT_TRUE(turns.take({}));
        order.push_back(i);
        turns.give_back();
      });
      wait_for(turns, i + 2);
    }
    EXPECT_TRUE(order.empty());
    turns.give_back();
  }
  EXPECT_EQ(order, (std::vector<size_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(turns.size(), 0u);
}

TEST(Turns, who_is_stopped_gives_up_and_keeps_nobody_behind_it) {
  Turns turns;
  ASSERT_TRUE(turns.take({}));
  std::stop_source stop;
  std::jthread stopped([&] {
    const Result<> turn = turns.take(stop.get_token());
    ASSERT_FALSE(turn);
    EXPECT_EQ(turn.error().kind, Error::Kind::cancelled);
  });
  wait_for(turns, 2);
  std::jthread behind([&] {
    ASSERT_TRUE(turns.take({}));
    turns.give_back();
  });
  wait_for(turns, 3);
  stop.request_stop();
  stopped.join();
  turns.give_back();
  behind.join();
  EXPECT_EQ(turns.size(), 0u);
}

TEST(Turns, one_that_is_free_is_taken_after_a_stop_too) {
  Turns turns;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(turns.take(stop.get_token()));  // the last save of a run
}

}  // namespace
}  // namespace penstock::sqlite
