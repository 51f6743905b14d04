#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "connectors/@name@/sink.h"
#include "testing/http_sink_fixture.h"

namespace penstock::contract {

namespace {

// A fake of the service, as strict as the real one: it refuses what that refuses. This one takes
// lines `<id> <payload>`, at most 1 MiB, holds an id once, and answers with a line for each record
// that it refused: its number in the request. To be written: the real service's ways.
class FakeService {
 public:
  static constexpr size_t kBytesMax = size_t{1} << 20;

  net::HttpAnswer take(const net::HttpRequest& request) {
    const std::lock_guard guard(mutex_);
    if (request.body.size() > kBytesMax) {
      return {.status = 413, .body = "too large", .headers = {}};
    }
    net::HttpAnswer answer;
    std::string_view rest = request.body;
    for (size_t number = 0; !rest.empty(); ++number) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view line = rest.substr(0, end);
      const size_t space = std::min(line.find(' '), line.size());
      const std::string id(line.substr(0, space));
      if (refused_.contains(id)) {
        answer.body += std::to_string(number) + "\n";
      } else if (ids_.insert(id).second) {
        held_.emplace_back(line.substr(std::min(space + 1, line.size())));
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return answer;
  }
  void refuse(std::string_view id) {
    const std::lock_guard guard(mutex_);
    refused_.emplace(id);
  }
  std::vector<std::string> held() {
    const std::lock_guard guard(mutex_);
    return held_;
  }

 private:
  std::mutex mutex_;  // guards what follows
  std::set<std::string> ids_, refused_;
  std::vector<std::string> held_;
};

class @Name@Fixture final : public HttpSinkFixture {
 public:
  @Name@Fixture() : @Name@Fixture(std::make_shared<FakeService>()) {}

  Result<std::unique_ptr<Sink>> make() override {
    return @name@::@Name@Sink::make({.endpoint = url()}, context());
  }
  std::optional<std::vector<std::string>> held() override { return service_->held(); }
  bool drops_repeats() const override { return true; }  // as the README says
  std::string impossible(SinkCase) const override { return ""; }
  void refuse(const Event& event) override { service_->refuse(event.id); }

 private:
  explicit @Name@Fixture(const std::shared_ptr<FakeService>& service)
      : HttpSinkFixture([service](const net::HttpRequest& r) { return service->take(r); }),
        service_(service) {}

  std::shared_ptr<FakeService> service_;
};

}  // namespace

void contract_fixtures_@name@(Fixtures& fixtures);

void contract_fixtures_@name@(Fixtures& fixtures) {
  fixtures.sink<@Name@Fixture>("@name@");
}

}  // namespace penstock::contract
