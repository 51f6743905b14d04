#include "connectors/discard/discard_sink.h"
#include "testing/sink_contract.h"
#include "testing/test_context.h"

namespace penstock::contract {

namespace {

class DiscardFixture final : public SinkFixture {
 public:
  Result<std::unique_ptr<Sink>> make() override {
    return DiscardSink::make({}, context_.context());
  }
  std::optional<std::vector<std::string>> held() override { return std::nullopt; }
  bool drops_repeats() const override { return false; }
  std::string impossible(SinkCase which) const override {
    switch (which) {
      case SinkCase::takes_what_it_is_given:
      case SinkCase::large_event:
      case SinkCase::repeated_id:
      case SinkCase::reopening:
        return "";
      case SinkCase::partial_failure:
      case SinkCase::whole_failure:
      case SinkCase::lost_answer:
      case SinkCase::throttle:
        return "it never fails, for it does nothing";
      case SinkCase::stop:
      case SinkCase::deadline:
        return "it never waits, for it does nothing";
    }
    unreachable();
  }

 private:
  TestContext context_;
};

}  // namespace

void contract_fixtures_discard(Fixtures& fixtures);

void contract_fixtures_discard(Fixtures& fixtures) {
  fixtures.sink<DiscardFixture>("discard");
}

}  // namespace penstock::contract
