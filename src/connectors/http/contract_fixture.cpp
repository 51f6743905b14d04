#include <algorithm>
#include <mutex>
#include <set>

#include "connectors/http/sink.h"
#include "testing/http_sink_fixture.h"

namespace penstock::contract {

namespace {

// A receiver that keeps to Idempotency-Key, as the README asks for, and takes no more than 1 MiB.
class Receiver {
 public:
  static constexpr size_t kBytesMax = size_t{1} << 20;

  net::HttpAnswer take(const net::HttpRequest& request) {
    const std::string key(request.header("idempotency-key"));
    const std::lock_guard guard(mutex_);
    if (request.body.size() > kBytesMax) {
      return {.status = 413, .body = "too large", .headers = {}};
    }
    if (refused_.contains(key)) {
      return {.status = 400, .body = "refused", .headers = {}};
    }
    if (keys_.insert(key).second) {
      take_payloads(request.body);
    }
    return {};
  }
  void refuse(std::string_view key) {
    const std::lock_guard guard(mutex_);
    refused_.emplace(key);
  }
  std::vector<std::string> held() {
    const std::lock_guard guard(mutex_);
    return held_;
  }

 private:
  // "a", "a\nb\n" or "[a,b]".
  void take_payloads(std::string_view body) {
    if (body.starts_with('[')) {
      body = body.substr(1, body.size() - 2);
    }
    while (!body.empty()) {
      const size_t end = std::min(body.find_first_of("\n,"), body.size());
      held_.emplace_back(body.substr(0, end));
      body.remove_prefix(std::min(end + 1, body.size()));
    }
  }

  std::mutex mutex_;  // guards what follows
  std::set<std::string> keys_, refused_;
  std::vector<std::string> held_;
};

class HttpFixture : public HttpSinkFixture {
 public:
  explicit HttpFixture(std::string body)
      : HttpFixture(std::move(body), std::make_shared<Receiver>()) {}

  Result<std::unique_ptr<Sink>> make() override {
    http::HttpSink::Settings settings;
    settings.url = url() + "/in";
    settings.body = body_;
    return http::HttpSink::make(std::move(settings), context());
  }
  std::optional<std::vector<std::string>> held() override { return receiver_->held(); }
  bool drops_repeats() const override { return true; }
  std::string impossible(SinkCase) const override { return ""; }
  // A receiver refuses a request; of several events in one, the format rejects some.
  void refuse(const Event& event) override {
    if (body_ == "event") {
      receiver_->refuse(event.id);
    } else {
      encoder().refuse(event.id);
    }
  }

 private:
  HttpFixture(std::string body, const std::shared_ptr<Receiver>& receiver)
      : HttpSinkFixture([receiver](const net::HttpRequest& r) { return receiver->take(r); }),
        body_(std::move(body)),
        receiver_(receiver) {}

  std::string body_;
  std::shared_ptr<Receiver> receiver_;
};

class EventFixture final : public HttpFixture {
 public:
  EventFixture() : HttpFixture("event") {}
};
class LinesFixture final : public HttpFixture {
 public:
  LinesFixture() : HttpFixture("lines") {}
};
class ArrayFixture final : public HttpFixture {
 public:
  ArrayFixture() : HttpFixture("array") {}
};

}  // namespace

void contract_fixtures_http(Fixtures& fixtures);

void contract_fixtures_http(Fixtures& fixtures) {
  fixtures.sink<EventFixture>("http", "event");
  fixtures.sink<LinesFixture>("http", "lines");
  fixtures.sink<ArrayFixture>("http", "array");
}

}  // namespace penstock::contract
