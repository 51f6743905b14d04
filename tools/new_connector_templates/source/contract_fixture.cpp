#include <charconv>
#include <mutex>

#include "connectors/@name@/source.h"
#include "testing/scripted_server.h"
#include "testing/source_contract.h"
#include "testing/test_context.h"

namespace penstock::contract {

namespace {

// A fake of the service: `/<from>/<most>` is answered by the log's identity and then a line for each
// record, with its time in front. To be written: the real service's ways.
class @Name@Fixture final : public SourceFixture {
 public:
  @Name@Fixture() { context_.use_network(); }
  Result<std::unique_ptr<Source>> make() override {
    return @name@::@Name@Source::make({.endpoint = server_.url()}, context_.context());
  }
  void fill(Source&) override {}  // the service has it already
  std::vector<std::string> content() const override {
    const std::lock_guard guard(mutex_);
    return content_;
  }
  void replace() override {
    const std::lock_guard guard(mutex_);
    identity_ = "second";
    content_ = {"six", "seven", "eight"};
  }
  std::string impossible(SourceCase which) const override {
    return which == SourceCase::read_never_waits_for_commit ? "its commit does nothing" : "";
  }

 private:
  Reply answer(const net::HttpRequest& request) {
    const std::lock_guard guard(mutex_);
    size_t from = 0;
    size_t most = 0;
    const char* const end = request.target.data() + request.target.size();
    const auto parsed = std::from_chars(request.target.data() + 1, end, from);
    if (parsed.ptr == end || std::from_chars(parsed.ptr + 1, end, most).ptr != end) {
      return {.answer = {.status = 400, .body = "", .headers = {}}};
    }
    std::string body = identity_ + "\n";
    for (size_t i = from; i < content_.size() && i < from + most; ++i) {
      body += std::to_string(kFirstAt + i) + " " + content_[i] + "\n";
    }
    return {.answer = {.body = body, .headers = {}}};
  }

  static constexpr uint64_t kFirstAt = 1'700'000'000'000'000;

  mutable std::mutex mutex_;  // guards the two that follow
  std::string identity_ = "first";
  std::vector<std::string> content_ = {"one", "two", "three", "four", "five"};
  TestContext context_;
  ScriptedServer server_{[this](const net::HttpRequest& request) { return answer(request); }};
};

}  // namespace

void contract_fixtures_@name@(Fixtures& fixtures);

void contract_fixtures_@name@(Fixtures& fixtures) {
  fixtures.source<@Name@Fixture>("@name@");
}

}  // namespace penstock::contract
