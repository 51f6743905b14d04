#include "connectors/event_store/sink.h"
#include "connectors/event_store/source.h"
#include "testing/sink_contract.h"
#include "testing/source_contract.h"
#include "testing/temporary_folder.h"
#include "testing/test_context.h"

namespace penstock::contract {

namespace {

using event_store::EventStoreSink;
using event_store::EventStoreSource;
using event_store::Store;

void store(const std::string& path, const Context& context, const Event& event,
           std::string_view data) {
  const auto sink = EventStoreSink::make({.path = path}, context);
  CHECK(sink.has_value());
  CHECK((*sink)->open({}, {}).has_value());
  TestBatch one;
  one.add(one.event().id(event.id).stream(event.stream).raw(data).event());
  const auto written = (*sink)->write(one.batch(), {});
  CHECK(written.has_value());
  CHECK(written->empty());
}

class StoreSinkFixture final : public SinkFixture {
 public:
  Result<std::unique_ptr<Sink>> make() override {
    return EventStoreSink::make({.path = path_}, context_.context());
  }
  std::optional<std::vector<std::string>> held() override {
    std::vector<std::string> held;
    auto opened = Store::open(context_.files(), path_, {.create = true});
    CHECK(opened.has_value());
    auto rows = opened->database->prepare("SELECT data FROM events ORDER BY sequence");
    CHECK(rows.has_value());
    while (*rows->step()) {
      held.emplace_back(rows->bytes(0));
    }
    return held;
  }
  bool drops_repeats() const override { return true; }
  std::string impossible(SinkCase which) const override {
    switch (which) {
      case SinkCase::takes_what_it_is_given:
      case SinkCase::partial_failure:
      case SinkCase::whole_failure:
      case SinkCase::large_event:
      case SinkCase::repeated_id:
      case SinkCase::stop:
      case SinkCase::deadline:
      case SinkCase::reopening:
        return "";
      case SinkCase::lost_answer:
        return "a commit is a call of this process, which says what became of it";
      case SinkCase::throttle:
        return "a file has no way to ask for a wait";
    }
    unreachable();
  }
  // Another event has this id already.
  void refuse(const Event& event) override {
    store(path_, context_.context(), event, "other data of " + std::string(event.id));
  }
  // Another process is writing, and does not end.
  void fail() override {
    auto other = Store::open(context_.files(), path_, {.create = true});
    CHECK(other.has_value());
    other_ = std::move(other->database);
    CHECK(other_->execute("BEGIN IMMEDIATE").has_value());
  }
  void hang() override { fail(); }
  bool await_hanging() override { return true; }  // the lock is held before any write
  void mend() override { other_.reset(); }

 private:
  TemporaryFolder folder_;
  std::string path_ = folder_ / "store.db";
  TestContext context_;
  std::unique_ptr<sqlite::Database> other_;
};

class StoreSourceFixture final : public SourceFixture {
 public:
  StoreSourceFixture() { store_all(); }
  Result<std::unique_ptr<Source>> make() override {
    return EventStoreSource::make({.path = path_}, context_.context());
  }
  void fill(Source&) override {}  // it is stored already
  std::vector<std::string> content() const override { return content_; }
  void replace() override {
    for (const char* const end : {"", "-wal", "-shm"}) {
      CHECK(context_.files().remove(path_ + end).has_value());
    }
    content_ = {"six", "seven", "eight"};
    store_all();
  }
  std::string impossible(SourceCase which) const override {
    switch (which) {
      case SourceCase::ids_across_generations:
        return "an id is that of the event that was stored, and stays with it in any store";
      case SourceCase::read_never_waits_for_commit:
        return "its commit does nothing";
      case SourceCase::reads_its_content:
      case SourceCase::resumes_at_each_position:
      case SourceCase::unreadable_position:
      case SourceCase::commit_never_waits_for_read:
      case SourceCase::orders_across_generations:
      case SourceCase::position_before:
      case SourceCase::stop:
        return "";
    }
    unreachable();
  }

 private:
  void store_all() {
    for (const std::string& data : content_) {
      TestEvents events;
      store(path_, context_.context(), events.event().id("id of " + data).event(), data);
    }
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "store.db";
  TestContext context_;
  std::vector<std::string> content_ = {"one", "two", "three", "four", "five"};
};

}  // namespace

void contract_fixtures_event_store(Fixtures& fixtures);

void contract_fixtures_event_store(Fixtures& fixtures) {
  fixtures.sink<StoreSinkFixture>("event_store");
  fixtures.source<StoreSourceFixture>("event_store");
}

}  // namespace penstock::contract
