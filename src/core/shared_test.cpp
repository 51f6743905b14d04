#include "core/shared.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

namespace penstock {
namespace {

struct Client {
  explicit Client(int which) : number(which) {}
  int number;
};

auto make_client(int number) {
  return [number]() -> Result<std::unique_ptr<Client>> { return std::make_unique<Client>(number); };
}

std::shared_ptr<Client> client(Shared& shared, const std::string& key, int number) {
  return shared.get<Client>(key, {}, make_client(number)).value();
}

TEST(Shared, one_key_is_one_object_and_another_key_another) {
  Shared shared;
  const auto one = client(shared, "a", 1);
  EXPECT_EQ(client(shared, "a", 2), one);
  EXPECT_EQ(client(shared, "b", 3)->number, 3);
}

TEST(Shared, types_do_not_meet_under_one_key) {
  Shared shared;
  const auto one = client(shared, "a", 1);
  const auto text = shared.get<std::string>("a", {}, []() -> Result<std::unique_ptr<std::string>> {
    return std::make_unique<std::string>("text");
  });
  EXPECT_EQ(**text, "text");
  EXPECT_EQ(one->number, 1);
}

TEST(Shared, the_last_user_frees_it_and_the_next_makes_it_anew) {
  Shared shared;
  auto one = client(shared, "a", 1);
  auto two = client(shared, "a", 2);
  const std::weak_ptr<Client> seen = one;
  one.reset();
  EXPECT_FALSE(seen.expired());
  two.reset();
  EXPECT_TRUE(seen.expired());
  EXPECT_EQ(client(shared, "a", 3)->number, 3);
}

TEST(Shared, a_failure_is_told_and_not_kept) {
  Shared shared;
  const auto failed = shared.get<Client>(
      "a", {}, []() -> Result<std::unique_ptr<Client>> { return transient("down"); });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, Error::Kind::transient);
  EXPECT_EQ(failed.error().what, "down");
  EXPECT_EQ(client(shared, "a", 2)->number, 2);
}

TEST(Shared, threads_that_ask_at_once_get_the_one_that_is_made) {
  constexpr int kThreads = 8;
  Shared shared;
  std::latch all(kThreads);
  std::atomic<int> made = 0;
  std::vector<std::shared_ptr<Client>> got(kThreads);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        all.arrive_and_wait();
        got[static_cast<size_t>(i)] = *shared.get<Client>("a", {}, [&] {
          ++made;
          std::this_thread::yield();
          return make_client(i)();
        });
      });
    }
  }
  EXPECT_EQ(made, 1);
  for (const auto& one : got) {
    EXPECT_EQ(one, got.front());
  }
}

// The first is being made for as long as the test wants it to be.
TEST(Shared, who_waits_is_not_held_beyond_the_stop_nor_by_another_key) {
  Shared shared;
  std::latch begun(1), go_on(1);
  std::shared_ptr<Client> first;
  std::jthread maker([&] {
    first = *shared.get<Client>("a", {}, [&] {
      begun.count_down();
      go_on.wait();
      return make_client(1)();
    });
  });
  begun.wait();
  EXPECT_EQ(client(shared, "b", 2)->number, 2);
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = shared.get<Client>("a", stop.get_token(), make_client(3));
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind, Error::Kind::cancelled);
  go_on.count_down();
  maker.join();
  EXPECT_EQ(client(shared, "a", 4), first);
}

// A failure of the first is not the failure of those who waited for it.
TEST(Shared, who_waited_for_one_that_failed_makes_its_own) {
  Shared shared;
  std::latch begun(1), go_on(1);
  std::jthread maker([&] {
    EXPECT_FALSE(shared.get<Client>("a", {}, [&]() -> Result<std::unique_ptr<Client>> {
      begun.count_down();
      go_on.wait();
      return fatal("wrong");
    }));
  });
  begun.wait();
  std::jthread waiter([&] { EXPECT_EQ(client(shared, "a", 2)->number, 2); });
  go_on.count_down();
}

}  // namespace
}  // namespace penstock
