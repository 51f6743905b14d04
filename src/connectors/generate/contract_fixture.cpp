#include "connectors/generate/generate_source.h"
#include "testing/source_contract.h"
#include "testing/test_context.h"

namespace penstock::contract {

namespace {

constexpr int64_t kCount = 5;

class GenerateFixture final : public SourceFixture {
 public:
  Result<std::unique_ptr<Source>> make() override {
    return GenerateSource::make({.count = kCount, .seed = seed_}, context_.context());
  }
  void fill(Source&) override {}  // the seed is the content
  std::vector<std::string> content() const override {
    std::vector<std::string> records(kCount);
    for (size_t i = 0; i < records.size(); ++i) {
      append_generated_record(static_cast<uint64_t>(seed_), i, records[i]);
    }
    return records;
  }
  void replace() override { ++seed_; }
  std::string impossible(SourceCase which) const override {
    return which == SourceCase::read_never_waits_for_commit ? "its commit does nothing" : "";
  }

 private:
  TestContext context_;
  int64_t seed_ = 1;
};

}  // namespace

void contract_fixtures_generate(Fixtures& fixtures);

void contract_fixtures_generate(Fixtures& fixtures) {
  fixtures.source<GenerateFixture>("generate");
}

}  // namespace penstock::contract
