#include <condition_variable>
#include <future>
#include <mutex>

#include "connectors/firehose/source.h"
#include "net/http_client.h"
#include "sim/sim_files.h"
#include "testing/fake_clock.h"
#include "testing/source_contract.h"
#include "testing/test_context.h"

namespace penstock::contract {

namespace {

using firehose::FirehoseSource;
using Records = std::vector<std::pair<std::string, std::string>>;  // payload, base64

const Records kFirst = {{"one", "b25l"},
                        {"two", "dHdv"},
                        {"three", "dGhyZWU="},
                        {"four", "Zm91cg=="},
                        {"five", "Zml2ZQ=="}};
const Records kSecond = {{"six", "c2l4"}, {"seven", "c2V2ZW4="}, {"eight", "ZWlnaHQ="}};

// A client that sends all of the content in one request.
class FirehoseFixture : public SourceFixture {
 public:
  FirehoseFixture() { context_.use_network(); }
  std::vector<std::string> content() const override {
    std::vector<std::string> payloads;
    for (const auto& [payload, base64] : records()) {
      payloads.push_back(payload);
    }
    return payloads;
  }

 protected:
  const Records& records() const { return replaced_ ? kSecond : kFirst; }
  Result<std::unique_ptr<Source>> make_on(Files& files, std::string inbox) {
    FirehoseSource::Settings settings;
    settings.listen = "127.0.0.1:0";
    settings.inbox = std::move(inbox);
    const Context with = context_.with(files);
    const uint64_t seed = ++seed_;  // as that of another process
    return FirehoseSource::make(std::move(settings),
                                {clock_, with.log, with.files, with.http, with.server, with.metrics,
                                 with.shared, with.where, seed, nullptr});
  }
  // The status of the answer.
  static int put(const std::string& address, const Records& records) {
    std::string body = R"({"DeliveryStreamName":"orders","Records":[)";
    for (const auto& [payload, base64] : records) {
      body += (body.ends_with('[') ? "" : ",") + (R"({"Data":")" + base64 + R"("})");
    }
    const auto answer = net::HttpClient::make()->send(
        {.url = "http://" + address + "/",
         .headers = {{"X-Amz-Target", "Firehose_20150804.PutRecordBatch"},
                     {"Content-Type", "application/x-amz-json-1.1"}},
         .body = body + "]}"},
        {});
    return answer ? answer->status : 0;
  }
  static std::string address_of(Source& source) {
    return dynamic_cast<FirehoseSource&>(source).address();
  }

  FakeClock clock_;
  bool replaced_ = false;

 private:
  uint64_t seed_ = 0;
  TestContext context_;
};

class InboxFixture final : public FirehoseFixture {
 public:
  ~InboxFixture() override { let_go(); }
  Result<std::unique_ptr<Source>> make() override { return make_on(*disk_, "/inbox"); }
  void fill(Source& source) override {
    if (!std::exchange(filled_, true)) {
      CHECK(put(address_of(source), records()) == 200);
    }
  }
  void replace() override {  // the inbox is lost, and clients send something else
    disk_ = std::make_unique<sim::SimFiles>();
    filled_ = false;
    replaced_ = true;
    clock_.advance(1ms);  // which alone tells that the lost one was before
  }
  std::string impossible(SourceCase) const override { return ""; }
  void hold_commits() override {
    disk_->set_hook([this](const sim::FileOperation& operation) -> std::optional<sim::FileFault> {
      if (operation.op == sim::FileOp::write) {  // by a commit alone: nothing is sent meanwhile
        std::unique_lock lock(mutex_);
        held_ = true;
        changed_.notify_all();
        changed_.wait(lock, [this] { return let_go_; });
      }
      return std::nullopt;
    });
  }
  bool await_held_commit() override {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [this] { return held_; });
  }
  void let_go() override {
    {
      const std::lock_guard guard(mutex_);
      let_go_ = true;
    }
    changed_.notify_all();
  }

 private:
  std::unique_ptr<sim::SimFiles> disk_ = std::make_unique<sim::SimFiles>();
  bool filled_ = false;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool held_ = false;
  bool let_go_ = false;
};

// Without an inbox: the client waits, is told to send again when the source goes, and does.
class MemoryFixture final : public FirehoseFixture {
 public:
  Result<std::unique_ptr<Source>> make() override { return make_on(disk_, ""); }
  void fill(Source& source) override {
    clients_.push_back(std::async(std::launch::async, [address = address_of(source), this] {
      return put(address, records());
    }));
  }
  bool signals() const override { return true; }
  void replace() override { replaced_ = true; }
  std::string impossible(SourceCase which) const override {
    switch (which) {
      case SourceCase::resumes_at_each_position:
      case SourceCase::position_before:
        return "what was not delivered is refused, and its client sends it again";
      case SourceCase::read_never_waits_for_commit:
        return "its commit waits for nothing";
      case SourceCase::reads_its_content:
      case SourceCase::unreadable_position:
      case SourceCase::commit_never_waits_for_read:
      case SourceCase::ids_across_generations:
      case SourceCase::orders_across_generations:
      case SourceCase::stop:
        return "";
    }
    unreachable();
  }

 private:
  sim::SimFiles disk_;
  std::vector<std::future<int>> clients_;
};

}  // namespace

void contract_fixtures_firehose(Fixtures& fixtures);

void contract_fixtures_firehose(Fixtures& fixtures) {
  fixtures.source<InboxFixture>("firehose", "inbox");
  fixtures.source<MemoryFixture>("firehose", "memory");
}

}  // namespace penstock::contract
