#include "net/http_server.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "testing/raw_client.h"

namespace penstock::net {
namespace {

HttpAnswer text(std::string body, int status = 200) {
  return {.status = status, .content_type = "text/plain", .body = std::move(body), .headers = {}};
}

std::string post(std::string_view body, std::string_view extra = "") {
  return "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(extra) + "\r\n" + std::string(body);
}

size_t count(std::string_view text, std::string_view what) {
  size_t found = 0;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) {
    ++found;
  }
  return found;
}

class HttpServerTest : public testing::Test {
 protected:
  void listen(Handler handler, ListenOptions options = {}) {
    listener_ = server_->listen("127.0.0.1:0", options, std::move(handler)).value();
  }
  void echo(ListenOptions options = {}) {
    listen(
        [](HttpRequest request, Responder respond) {
          respond(text(request.method + " " + request.target + " [" + request.body + "]"));
        },
        options);
  }
  RawClient client() const { return RawClient(listener_->address()); }

  std::unique_ptr<HttpServer> server_ = HttpServer::make();
  std::unique_ptr<HttpListener> listener_;
};

TEST_F(HttpServerTest, answers_pipelined_requests_in_their_order) {
  echo();
  const RawClient client = this->client();
  client.send(post("one") + post("two") + post("three", "Connection: close\r\n"));
  const std::string got = client.read_all();
  const size_t one = got.find("POST /x [one]");
  const size_t two = got.find("POST /x [two]");
  const size_t three = got.find("POST /x [three]");
  EXPECT_LT(one, two);
  EXPECT_LT(two, three);
  EXPECT_NE(three, std::string::npos);
  EXPECT_EQ(count(got, "HTTP/1.1 200 OK"), 3u);
}

TEST_F(HttpServerTest, takes_chunked_bodies_and_pads_every_body) {
  listen([](HttpRequest request, Responder respond) {
    const bool padded = request.body.capacity() >= request.body.size() + 64;
    respond(text(padded ? request.body : "no padding"));
  });
  const RawClient client = this->client();
  client.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n");
  client.send("0\r\n\r\n" + post("plain", "Connection: close\r\n"));
  const std::string got = client.read_all();
  EXPECT_NE(got.find("hello world"), std::string::npos);
  EXPECT_NE(got.find("plain"), std::string::npos);
}

TEST_F(HttpServerTest, invites_a_body_that_waits_for_it) {
  echo();
  const RawClient client = this->client();
  client.send("POST / HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("body");
  EXPECT_NE(client.read_until("[body]").find("200 OK"), std::string::npos);
}

TEST_F(HttpServerTest, keeps_an_old_client_only_if_it_asks_and_sends_no_body_to_head) {
  echo();
  const RawClient old = client();
  old.send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_NE(old.read_all().find("Connection: close"), std::string::npos);
  const RawClient head = client();
  head.send("HEAD /a HTTP/1.1\r\nConnection: close\r\n\r\n");
  const std::string got = head.read_all();
  EXPECT_NE(got.find("Content-Length: 10"), std::string::npos);
  EXPECT_TRUE(got.ends_with("\r\n\r\n"));
}

struct BadCase {
  const char* name;
  std::string sent;
  std::string expected;  // the beginning of the answer; "" for none
};

TEST_F(HttpServerTest, refuses_what_is_no_request_and_goes_on) {
  echo({.body_bytes_max = 1000, .header_bytes_max = 2000});
  const std::vector<BadCase> cases = {
      {"garbage", "\x16\x03\x01\x02 garbage\r\n\r\n", "HTTP/1.1 400"},
      {"not http", "hello\r\n\r\n", "HTTP/1.1 400"},
      {"truncated header", "POST /x HTTP/1.1\r\nHost:", ""},
      {"truncated body", "POST /x HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc", ""},
      {"truncated chunk", "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", ""},
      {"bad chunk", "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 400"},
      {"negative length", "POST /x HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 400"},
      {"two lengths", "POST /x HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
       "HTTP/1.1 400"},
      {"length and chunked",
       "POST /x HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "HTTP/1.1 400"},
      {"oversized", post(std::string(1001, 'x')), "HTTP/1.1 413"},
      {"huge length", "POST /x HTTP/1.1\r\nContent-Length: 99999999999999999\r\n\r\n",
       "HTTP/1.1 413"},
      {"oversized by chunks",
       "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" + std::string(1024, 'x'),
       "HTTP/1.1 413"},
      {"long header", "GET / HTTP/1.1\r\nA: " + std::string(3000, 'x') + "\r\n\r\n",
       "HTTP/1.1 431"},
      {"nothing", "", ""},
  };
  for (const BadCase& bad : cases) {
    const RawClient client = this->client();
    client.send(bad.sent);
    client.finish_sending();
    const std::string got = client.read_all();
    EXPECT_EQ(got.substr(0, bad.expected.empty() ? got.size() : bad.expected.size()), bad.expected)
        << bad.name;
  }
  const RawClient client = this->client();
  client.send(post("fine"));
  EXPECT_NE(client.read_until("[fine]").find("200 OK"), std::string::npos);
}

TEST_F(HttpServerTest, a_client_that_dawdles_holds_no_thread_and_is_let_go) {
  echo({.idle_max = 200ms});
  const RawClient silent = client();
  const RawClient slow = client();
  slow.send("POST /x HTTP/1.1\r\nHo");
  const RawClient quick = client();
  quick.send(post("quick"));
  EXPECT_NE(quick.read_until("[quick]").find("200 OK"), std::string::npos);
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_EQ(quick.read_all(), "");
}

TEST_F(HttpServerTest, an_answer_may_come_from_another_thread_while_others_are_served) {
  std::mutex mutex;
  std::condition_variable came;
  std::optional<Responder> kept;
  listen([&](HttpRequest request, Responder respond) {
    if (request.body == "later") {
      const std::lock_guard guard(mutex);
      kept = std::move(respond);
      came.notify_one();
      return;
    }
    respond(text(request.body));
  });
  const RawClient late = client();
  late.send(post("later") + post("after it", "Connection: close\r\n"));
  const RawClient other = client();
  other.send(post("other"));
  EXPECT_NE(other.read_until("\r\n\r\nother").find("200 OK"), std::string::npos);
  std::unique_lock lock(mutex);
  came.wait(lock, [&] { return kept.has_value(); });
  (*kept)(text("at last"));
  (*kept)(text("twice"));
  const std::string got = late.read_all();
  EXPECT_LT(got.find("at last"), got.find("after it"));
  EXPECT_EQ(got.find("twice"), std::string::npos);
}

TEST_F(HttpServerTest, its_own_refusals_are_worded_by_the_listener) {
  echo({.body_bytes_max = 10, .refusal = [](int status, std::string_view why) {
          return HttpAnswer{.status = status,
                            .content_type = "text/own",
                            .body = "own: " + std::string(why),
                            .headers = {}};
        }});
  const RawClient client = this->client();
  client.send(post(std::string(11, 'x')));
  client.finish_sending();
  const std::string got = client.read_all();
  EXPECT_EQ(got.substr(0, 12), "HTTP/1.1 413");
  EXPECT_NE(got.find("Content-Type: text/own"), std::string::npos);
  EXPECT_NE(got.find("own: the request is too large"), std::string::npos);
}

TEST_F(HttpServerTest, a_forgotten_answer_is_a_server_error) {
  listen([](HttpRequest, Responder) {});
  const RawClient client = this->client();
  client.send(post("x"));
  EXPECT_NE(client.read_until("given").find("HTTP/1.1 500"), std::string::npos);
}

TEST_F(HttpServerTest, refuses_connections_beyond_its_bound) {
  echo({.connections_max = 1});
  const RawClient first = client();
  first.send(post("x"));
  first.read_until("[x]");
  const RawClient second = client();
  EXPECT_EQ(second.read_all().substr(0, 12), "HTTP/1.1 503");
}

TEST_F(HttpServerTest, refuses_bodies_that_are_too_much_together) {
  echo({.bodies_bytes_max = 1000});
  const RawClient first = client();
  first.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 600\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_NE(first.read_until("100 Continue").find("100 Continue"), std::string::npos);
  const RawClient second = client();
  second.send(post(std::string(600, 'x')));
  EXPECT_EQ(second.read_all().substr(0, 12), "HTTP/1.1 503");
  first.send(std::string(600, 'x'));
  EXPECT_NE(first.read_until("xxx]").find(" 200 "), std::string::npos);
  first.send(post(std::string(900, 'y')));  // the room of the first is free again
  EXPECT_NE(first.read_until("yyy]").find(" 200 "), std::string::npos);
}

TEST_F(HttpServerTest, line_breaks_in_an_answers_header_stay_inside_it) {
  listen([](HttpRequest, Responder respond) {
    HttpAnswer answer = text("x");
    answer.headers.emplace_back("a", "b\r\nEvil: yes");
    respond(std::move(answer));
  });
  const RawClient client = this->client();
  client.send(post("", "Connection: close\r\n"));
  EXPECT_NE(client.read_all().find("a: b  Evil: yes\r\n"), std::string::npos);
}

TEST_F(HttpServerTest, listens_on_loopback_only_and_names_a_taken_port) {
  echo();
  const auto handler = [](HttpRequest, Responder) {};
  for (const char* refused : {"0.0.0.0:0", "192.168.1.1:80", "[::]:0", "example.com:80", "",
                              "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:80x"}) {
    const auto result = server_->listen(refused, {}, handler);
    ASSERT_FALSE(result) << refused;
    EXPECT_EQ(result.error().kind, Error::Kind::fatal);
    EXPECT_NE(result.error().what.find(std::string("listen ") + refused), std::string::npos);
  }
  const auto taken = server_->listen(listener_->address(), {}, handler);
  ASSERT_FALSE(taken);
  EXPECT_NE(taken.error().what.find(listener_->address()), std::string::npos);
  EXPECT_TRUE(server_->listen("localhost:0", {}, handler));
  EXPECT_TRUE(server_->listen("127.1.2.3:0", {}, handler));
}

TEST_F(HttpServerTest, a_closed_listener_frees_its_port_and_runs_no_handler) {
  std::atomic<bool> gone = false;
  std::atomic<bool> late = false;
  listen([&](HttpRequest, Responder respond) {
    late = late || gone;
    respond(text("x"));
  });
  const std::string address = listener_->address();
  std::jthread load([&](const Stop& stop) {
    while (!stop.stop_requested()) {
      const RawClient client(address);
      client.send(post("x", "Connection: close\r\n"));
      client.read_all();
    }
  });
  for (int i = 0; i < 20; ++i) {
    std::this_thread::yield();
  }
  listener_.reset();
  gone = true;
  EXPECT_FALSE(RawClient(address).connected());
  EXPECT_TRUE(server_->listen(address, {}, [](HttpRequest, Responder) {}));
  load.request_stop();
  load.join();
  EXPECT_FALSE(late);
}

TEST_F(HttpServerTest, answers_after_the_end_do_nothing) {
  std::mutex mutex;
  std::condition_variable came;
  std::optional<Responder> kept;
  listen([&](HttpRequest, Responder respond) {
    const std::lock_guard guard(mutex);
    kept = std::move(respond);
    came.notify_one();
  });
  const RawClient client = this->client();
  client.send(post("x"));
  {
    std::unique_lock lock(mutex);
    came.wait(lock, [&] { return kept.has_value(); });
  }
  listener_.reset();
  server_.reset();
  (*kept)(text("too late"));
  kept.reset();
  EXPECT_EQ(client.read_all(), "");
}

}  // namespace
}  // namespace penstock::net
