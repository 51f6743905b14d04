#include "net/http_client.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <thread>

#include "net/http_server.h"
#include "testing/raw_server.h"

namespace penstock::net {
namespace {

class HttpClientTest : public testing::Test {
 protected:
  void listen(Handler handler, ListenOptions options = {}) {
    listener_ = server_->listen("127.0.0.1:0", options, std::move(handler)).value();
  }
  ClientRequest request(std::string body = "", Duration deadline = 10s) const {
    return {.url = "http://" + listener_->address() + "/path?q#f",
            .headers = {{"X-One", "1"}},
            .body = std::move(body),
            .deadline = deadline};
  }

  std::unique_ptr<HttpServer> server_ = HttpServer::make();
  std::unique_ptr<HttpListener> listener_;
  std::unique_ptr<HttpClient> client_ = HttpClient::make();
};

TEST_F(HttpClientTest, sends_what_it_is_told_and_returns_the_whole_answer) {
  listen([](HttpRequest request, Responder respond) {
    EXPECT_EQ(request.header("x-one"), "1");
    respond({.status = 418,
             .body = request.method + " " + request.target + " " + request.body,
             .headers = {{"X-Two", "2"}}});
  });
  const ClientAnswer answer = client_->send(request("hello"), {}).value();
  EXPECT_EQ(answer.status, 418);
  EXPECT_EQ(answer.body, "POST /path?q hello");
  const std::set<std::pair<std::string, std::string>> headers(answer.headers.begin(),
                                                              answer.headers.end());
  EXPECT_TRUE(headers.contains({"x-two", "2"}));
  const std::string large(3'000'000, 'x');
  EXPECT_EQ(client_->send(request(large), {}).value().body, "POST /path?q " + large);
}

TEST_F(HttpClientTest, takes_a_name_and_a_body_of_head_that_never_comes) {
  listen([](HttpRequest, Responder respond) { respond({.body = "hello", .headers = {}}); });
  ClientRequest request = this->request();
  request.method = "HEAD";
  request.url =
      "http://localhost:" + listener_->address().substr(listener_->address().find(':') + 1);
  EXPECT_EQ(client_->send(request, {}).value().body, "");
}

// Closed by a server that goes away; another one comes under its address.
TEST_F(HttpClientTest, goes_on_when_the_server_has_closed_a_kept_connection) {
  const Handler answer = [](HttpRequest, Responder respond) {
    respond({.body = "x", .headers = {}});
  };
  listen(answer);
  ASSERT_TRUE(client_->send(request(), {}));
  const std::string address = listener_->address();
  listener_.reset();
  server_ = HttpServer::make();  // the connections of the one before are closed by now
  listener_ = server_->listen(address, {}, answer).value();
  ASSERT_TRUE(client_->send(request(), {}));
}

TEST_F(HttpClientTest, gives_up_at_the_deadline_and_soon_after_a_stop) {
  std::mutex mutex;
  std::vector<Responder> kept;
  std::optional<std::stop_source> stop_once_asked;
  listen([&](HttpRequest, Responder respond) {
    const std::lock_guard guard(mutex);
    kept.push_back(std::move(respond));
    if (stop_once_asked) {
      stop_once_asked->request_stop();
    }
  });
  const auto late = client_->send(request("", 100ms), {});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, Error::Kind::transient);
  EXPECT_NE(late.error().what.find("no answer in time"), std::string::npos);
  EXPECT_NE(late.error().what.find(listener_->address() + "/…: "), std::string::npos);
  std::stop_source stop;
  {
    const std::lock_guard guard(mutex);
    stop_once_asked = stop;
  }
  const auto stopped = client_->send(request("", 60s), stop.get_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind, Error::Kind::cancelled);
}

TEST_F(HttpClientTest, tells_what_failed_and_where) {
  listen([](HttpRequest, Responder) {});
  ClientRequest request = this->request();
  request.url = "nonsense";
  EXPECT_EQ(client_->send(request, {}).error().kind, Error::Kind::fatal);
  request = this->request();
  request.headers = {{"X", "a\r\nY: b"}};
  EXPECT_EQ(client_->send(request, {}).error().kind, Error::Kind::fatal);
  request = this->request();
  request.url = "https" + request.url.substr(4);
  const auto no_tls = client_->send(request, {});
  ASSERT_FALSE(no_tls);
  EXPECT_EQ(no_tls.error().kind, Error::Kind::transient);
  EXPECT_NE(no_tls.error().what.find("TLS handshake"), std::string::npos);
  request = this->request();
  listener_.reset();
  const auto refused = client_->send(request, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Error::Kind::transient);
  EXPECT_NE(refused.error().what.find("connect"), std::string::npos);
}

TEST(HttpClient, reads_an_answer_however_it_ends) {
  struct Case {
    std::string_view name, answer, body, error;
  };
  static constexpr Case kCases[] = {
      {"by its length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", ""},
      {"by the close", "HTTP/1.1 200 OK\r\n\r\nhello", "hello", ""},
      {"in chunks",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
       "hello", ""},
      {"after an announcement",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello",
       ""},
      {"without a body", "HTTP/1.1 204 No Content\r\n\r\n", "", ""},
      {"in its body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", "", "partial message"},
      {"in its header", "HTTP/1.1 200 OK\r\nContent-L", "", "partial message"},
      {"before it began", "", "", "end of stream"},
      {"as no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", "", "bad version"},
      {"too large", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "", "body limit"},
  };
  for (const Case& test : kCases) {
    SCOPED_TRACE(test.name);
    const RawServer server(test.answer);
    const auto answer =
        HttpClient::make()->send({.url = server.url(), .headers = {}, .body = ""}, {});
    if (test.error.empty()) {
      ASSERT_TRUE(answer) << answer.error().what;
      EXPECT_EQ(answer->body, test.body);
      continue;
    }
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, Error::Kind::transient);
    EXPECT_NE(answer.error().what.find(test.error), std::string::npos) << answer.error().what;
  }
}

TEST(HttpClient, says_the_length_once_and_lets_the_caller_name_itself) {
  const RawServer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  ClientRequest request{.url = server.url() + "a?b=c", .headers = {}, .body = ""};
  request.headers = {{"User-Agent", "me"}, {"Content-Length", "7"}};
  ASSERT_TRUE(HttpClient::make()->send(request, {}));
  EXPECT_TRUE(server.asked().starts_with("POST /a?b=c HTTP/1.1\r\n")) << server.asked();
  EXPECT_NE(server.asked().find("User-Agent: me\r\n"), std::string::npos) << server.asked();
  EXPECT_EQ(server.asked().find("penstock"), std::string::npos) << server.asked();
  EXPECT_NE(server.asked().find("Content-Length: 0\r\n"), std::string::npos) << server.asked();
  EXPECT_EQ(server.asked().find("Content-Length: 7"), std::string::npos) << server.asked();
}

TEST_F(HttpClientTest, serves_many_threads) {
  listen([](HttpRequest request, Responder respond) {
    respond({.body = request.body, .headers = {}});
  });
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 50; ++i) {
          const std::string body = std::to_string(t) + "/" + std::to_string(i);
          right += client_->send(request(body), {}).value().body == body ? 1 : 0;
        }
      });
    }
  }
  EXPECT_EQ(right, 200);
}

}  // namespace
}  // namespace penstock::net
