#include "testing/scripted_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>

#include "net/http_client.h"
#include "testing/faulty_server.h"

namespace penstock {
namespace {

class ServersTest : public testing::Test {
 protected:
  Result<net::ClientAnswer> send(const std::string& url, std::string body = "body") {
    return client_->send(
        {.url = url + "/path?x=1", .headers = {{"X-Test", "yes"}}, .body = std::move(body)}, {});
  }
  std::unique_ptr<net::HttpClient> client_ = net::HttpClient::make();
};

TEST_F(ServersTest, a_script_answers_in_order_and_requests_are_kept) {
  ScriptedServer server([](const net::HttpRequest& request) {
    return Reply{.answer = {.status = 200, .body = "script " + request.body, .headers = {}}};
  });
  server.next({.answer = {.status = 503, .body = {}, .headers = {{"Retry-After", "3"}}}});
  const auto first = send(server.url());
  ASSERT_TRUE(first) << first.error().what;
  EXPECT_EQ(first->status, 503);
  const std::string large(3 << 20, 'x');
  const auto second = send(server.url(), large);
  ASSERT_TRUE(second) << second.error().what;
  EXPECT_EQ(second->body, "script " + large);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].method, "POST");
  EXPECT_EQ(requests[0].target, "/path?x=1");
  EXPECT_EQ(requests[0].header("x-test"), "yes");
  EXPECT_EQ(requests[0].body, "body");
}

TEST_F(ServersTest, a_held_answer_comes_when_it_is_released) {
  ScriptedServer server;
  server.next({.held = true});
  auto answer = std::async(std::launch::async, [&] { return send(server.url()); });
  ASSERT_TRUE(server.await_requests(1));
  EXPECT_EQ(answer.wait_for(20ms), std::future_status::timeout);
  server.release();
  EXPECT_TRUE(answer.get());
}

TEST_F(ServersTest, each_fault_is_what_it_says_and_mend_ends_it) {
  std::atomic<int> applied = 0;
  FaultyServer server([&](const net::HttpRequest&) {
    ++applied;
    return net::HttpAnswer{.body = "done", .headers = {}};
  });
  const auto status = [&] {
    const auto answer = send(server.url());
    return answer ? answer->status : 0;  // 0: no whole answer
  };
  EXPECT_EQ(status(), 200);
  server.fail(500);
  EXPECT_EQ(status(), 500);
  server.throttle(7s);
  const auto throttled = send(server.url());
  ASSERT_TRUE(throttled);
  EXPECT_EQ(throttled->status, 429);
  EXPECT_EQ(std::ranges::count(throttled->headers,
                               std::pair<std::string, std::string>("retry-after", "7")),
            1);
  server.fail_partly(
      [](const net::HttpRequest&) { return net::HttpAnswer{.body = "one of two", .headers = {}}; });
  EXPECT_EQ(send(server.url())->body, "one of two");
  EXPECT_EQ(applied, 1);  // none of these reached the service
  server.lose_answers();
  EXPECT_EQ(status(), 0);
  EXPECT_GE(applied, 2);
  const int lost = applied;
  server.cut_answers();
  EXPECT_EQ(status(), 0);
  EXPECT_GT(applied, lost);
  server.mend();
  EXPECT_EQ(status(), 200);
}

TEST_F(ServersTest, a_hanging_service_does_nothing_and_a_slow_one_answers_late) {
  std::atomic<int> applied = 0;
  FaultyServer server([&](const net::HttpRequest&) {
    ++applied;
    return net::HttpAnswer{};
  });
  server.hang();
  auto hanging = std::async(std::launch::async, [&] { return send(server.url()); });
  ASSERT_TRUE(server.server().await_requests(1));
  EXPECT_EQ(hanging.wait_for(20ms), std::future_status::timeout);
  server.mend();
  EXPECT_FALSE(hanging.get());
  EXPECT_EQ(applied, 0);
  server.slow();
  auto slow = std::async(std::launch::async, [&] { return send(server.url()); });
  ASSERT_TRUE(server.server().await_requests(2));
  EXPECT_EQ(slow.wait_for(20ms), std::future_status::timeout);
  server.mend();
  EXPECT_TRUE(slow.get());
  EXPECT_EQ(applied, 1);
}

}  // namespace
}  // namespace penstock
