#include "connectors/http/sink.h"

#include <gtest/gtest.h>

#include "testing/test_collision.h"

#include <deque>
#include <map>
#include <mutex>

#include "net/http_server.h"

namespace penstock::http {
namespace {

// Writes the payload, and rejects one that says so.
class PayloadEncoder final : public Encoder {
 public:
  Result<> encode(const Event& event, std::string& out) const override {
    out += event.raw;
    return event.raw == "bad" ? rejected("bad") : Result<>{};
  }
  std::string_view content_type() const override { return "application/json"; }
};

class HttpSinkTest : public testing::Test {
 protected:
  HttpSinkTest() {
    listener_ = server_
                    ->listen("127.0.0.1:0", {},
                             [this](net::HttpRequest request, net::Responder respond) {
                               const std::lock_guard guard(mutex_);
                               requests_.push_back(std::move(request));
                               net::HttpAnswer answer;
                               if (!answers_.empty()) {
                                 answer = std::move(answers_.front());
                                 answers_.pop_front();
                               }
                               respond(std::move(answer));
                             })
                    .value();
  }
  std::unique_ptr<Sink> sink(HttpSink::Settings settings = {}) {
    settings.url = "http://" + listener_->address() + "/in?key=secret";
    return HttpSink::make(std::move(settings), context_).value();
  }
  Result<std::vector<Failure>> write(Sink& sink, const std::vector<std::string>& payloads) {
    events_.clear();
    Batch batch;
    for (const std::string& payload : payloads) {
      Event& event = events_.emplace_back();
      event.id = "id 1";
      event.raw = payload;
      event.has_raw = true;
    }
    for (const Event& event : events_) {
      batch.events.push_back(&event);
    }
    return sink.write(batch, {});
  }

  SystemClock clock_;
  NullLog log_;
  SystemFiles files_;
  std::unique_ptr<net::HttpClient> client_ = net::HttpClient::make();
  std::unique_ptr<net::HttpServer> server_ = net::HttpServer::make();
  Metrics metrics_;
  Shared shared_;
  Context context_{.clock = clock_,
                   .log = log_,
                   .files = files_,
                   .http = *client_,
                   .server = *server_,
                   .metrics = metrics_,
                   .shared = shared_,
                   .where = "test/http",
                   .seed = 1,
                   .encoder = std::make_shared<PayloadEncoder>(),
                   .tls = {}};
  std::mutex mutex_;  // guards what the handler touches
  std::vector<net::HttpRequest> requests_;
  std::deque<net::HttpAnswer> answers_;
  std::unique_ptr<net::HttpListener> listener_;
  std::deque<Event> events_;
};

TEST_F(HttpSinkTest, sends_an_event_with_its_id_as_idempotency_key) {
  HttpSink::Settings settings;
  settings.method = "PUT";
  settings.headers = {{"Authorization", "Bearer x"}, {"content-type", "text/plain"}};
  const auto sink = this->sink(settings);
  EXPECT_EQ(sink->traits().events_max, 1u);
  ASSERT_TRUE(write(*sink, {"{\"a\":1}"}).value().empty());
  ASSERT_EQ(requests_.size(), 1u);
  EXPECT_EQ(requests_[0].method, "PUT");
  EXPECT_EQ(requests_[0].target, "/in?key=secret");
  EXPECT_EQ(requests_[0].body, "{\"a\":1}");
  EXPECT_EQ(requests_[0].header("idempotency-key"), "id%201");
  EXPECT_EQ(requests_[0].header("authorization"), "Bearer x");
  EXPECT_EQ(requests_[0].header("content-type"), "text/plain");
}

TEST_F(HttpSinkTest, says_for_each_event_what_became_of_it) {
  answers_ = {{.status = 204, .body = "", .headers = {}},
              {.status = 422, .body = "no such thing", .headers = {}},
              {.status = 503, .body = "", .headers = {{"Retry-After", "7"}}}};
  const auto sink = this->sink();
  const auto failures = write(*sink, {"1", "2", "bad", "3"}).value();
  ASSERT_EQ(failures.size(), 3u);
  EXPECT_EQ(failures[0].index, 1u);
  EXPECT_EQ(failures[0].error.kind, Error::Kind::rejected);
  EXPECT_NE(failures[0].error.what.find("422: no such thing"), std::string::npos);
  EXPECT_EQ(failures[0].error.what.find("secret"), std::string::npos);
  EXPECT_EQ(failures[1].index, 2u);
  EXPECT_EQ(failures[1].error.kind, Error::Kind::rejected);
  EXPECT_EQ(failures[2].index, 3u);
  EXPECT_EQ(failures[2].error.kind, Error::Kind::transient);
  EXPECT_EQ(failures[2].error.retry_after, Duration(7s));
}

TEST_F(HttpSinkTest, counts_answers_by_the_class_of_their_status) {
  answers_ = {{.status = 204, .body = "", .headers = {}},
              {.status = 302, .body = "", .headers = {}},
              {.status = 429, .body = "", .headers = {}},
              {.status = 503, .body = "", .headers = {}}};
  const auto sink = this->sink();
  for (int i = 0; i < 5; ++i) {
    (void)write(*sink, {"1"});  // the verdicts are another test's
  }
  listener_.reset();
  (void)write(*sink, {"1"});
  const std::vector<Metrics::Family> all = metrics_.families();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].name, "penstock_http_answers_total");
  std::map<std::string, int64_t> counted;
  for (const Metrics::Series& series : all[0].series) {
    counted[series.labels.back().second] = series.value;
  }
  EXPECT_EQ(counted,
            (std::map<std::string, int64_t>{
                {"2xx", 2}, {"3xx", 1}, {"4xx", 1}, {"5xx", 1}, {"other", 0}, {"none", 1}}));
}

// The path of a webhook is its secret, and a server may repeat it.
TEST_F(HttpSinkTest, errors_show_neither_path_nor_query) {
  HttpSink::Settings settings;
  settings.url = "http://" + listener_->address() + "/hook/secret?key=secret";
  const auto sink = HttpSink::make(settings, context_).value();
  const std::string shown = "POST http://" + listener_->address() + "/…: ";
  const std::string filling(185, 'x');
  for (const std::string& body :
       std::vector<std::string>{"Cannot POST /hook/secret", "/hook/secret?key=secret/hook/secret",
                                filling + "/hook/secret"}) {
    answers_ = {{.status = 400, .body = body, .headers = {}}};
    const std::string what = write(*sink, {"1"}).value().at(0).error.what;
    EXPECT_EQ(what.substr(0, shown.size()), shown);
    EXPECT_EQ(what.find("secret"), std::string::npos) << what;
    EXPECT_EQ(what.find("/hook"), std::string::npos) << what;
  }
  listener_.reset();
  const std::string what = write(*sink, {"1"}).value().at(0).error.what;
  EXPECT_EQ(what.substr(0, shown.size()), shown);
}

TEST_F(HttpSinkTest, sends_batches_as_lines_or_array_without_what_cannot_be_encoded) {
  HttpSink::Settings settings;
  settings.body = "lines";
  EXPECT_EQ(write(*sink(settings), {"1", "bad", "3"}).value().size(), 1u);
  settings.body = "array";
  EXPECT_EQ(write(*sink(settings), {"bad", "2", "bad", "4"}).value().size(), 2u);
  EXPECT_EQ(write(*sink(settings), {"bad"}).value().size(), 1u);
  ASSERT_EQ(requests_.size(), 2u);
  EXPECT_EQ(requests_[0].body, "1\n3\n");
  EXPECT_EQ(requests_[0].header("content-type"), "application/x-ndjson");
  EXPECT_EQ(requests_[1].body, "[2,4]");
  answers_ = {{.status = 400, .body = "", .headers = {}}};
  const auto whole = write(*sink(settings), {"1", "2"});
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().kind, Error::Kind::rejected);
}

TEST_F(HttpSinkTest, no_request_outlives_its_timeout_or_the_write) {
  class Noting final : public net::HttpClient {
   public:
    Result<net::ClientAnswer> send(const net::ClientRequest& request, Stop) override {
      deadlines.push_back(request.deadline);
      clock.at = clock.at + took;
      return net::ClientAnswer{.status = 200, .headers = {}, .body = ""};
    }
    class Still final : public Clock {
     public:
      Instant now() override { return at; }
      Timestamp wall() override { return {}; }
      Instant at{1000s};
    } clock;
    Duration took = 0s;
    std::vector<Duration> deadlines;
  } client;
  Context context{.clock = client.clock,
                  .log = log_,
                  .files = files_,
                  .http = client,
                  .server = *server_,
                  .metrics = metrics_,
                  .shared = shared_,
                  .where = "test/http",
                  .seed = 1,
                  .encoder = std::make_shared<PayloadEncoder>()};
  HttpSink::Settings settings;
  settings.url = "http://h/";
  settings.timeout = 7s;
  const auto sink = HttpSink::make(settings, context).value();
  EXPECT_EQ(sink->traits().write_deadline, 7s);
  Event event;
  Batch batch;
  batch.events = {&event, &event, &event};
  ASSERT_TRUE(sink->write(batch, {}).value().empty());
  EXPECT_EQ(client.deadlines, std::vector<Duration>(3, 7s));
  client.deadlines.clear();
  client.took = 2s;
  batch.deadline = client.clock.at + 3s;
  const std::vector<Failure> failures = sink->write(batch, {}).value();
  EXPECT_EQ(client.deadlines, (std::vector<Duration>{3s, 1s}));
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].index, 2u);
  EXPECT_EQ(failures[0].error.kind, Error::Kind::transient);
}

TEST_F(HttpSinkTest, tls_is_for_https_and_its_files_are_looked_at_before_the_first_write) {
  context_.tls.ca = "/no/such.pem";
  HttpSink::Settings settings;
  settings.url = "https://127.0.0.1:1/";
  const auto sink = HttpSink::make(settings, context_).value();
  const auto opened = sink->open({}, {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, Error::Kind::fatal);
  EXPECT_NE(opened.error().what.find("tls.ca /no/such.pem"), std::string::npos);
  settings.url = "http://127.0.0.1:1/";
  EXPECT_EQ(HttpSink::make(settings, context_).error().kind, Error::Kind::fatal);
}

TEST_F(HttpSinkTest, ids_become_header_values_that_differ_when_they_differ) {
  EXPECT_EQ(header_value_of("a\r\nX: \xc3\xa4%"), "a%0D%0AX:%20%C3%A4%25");
  const std::string one = header_value_of(std::string(5000, 'x') + "1");
  const std::string two = header_value_of(std::string(5000, 'x') + "2");
  EXPECT_NE(one, two);
  EXPECT_EQ(one.size(), 200u);
  const auto [mine, yours] = colliding_texts();
  EXPECT_NE(header_value_of(mine), header_value_of(yours));
}

TEST_F(HttpSinkTest, an_unusable_url_and_a_silent_server_are_told_apart) {
  HttpSink::Settings settings;
  settings.url = "ftp://x";
  EXPECT_EQ(HttpSink::make(settings, context_).error().kind, Error::Kind::fatal);
  const auto sink = this->sink();
  listener_.reset();
  EXPECT_EQ(write(*sink, {"1"}).value()[0].error.kind, Error::Kind::transient);
}

}  // namespace
}  // namespace penstock::http
