#include "connectors/firehose/source.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "net/http_client.h"
#include "net/http_server.h"
#include "sim/sim_files.h"
#include "testing/test_signal.h"

namespace penstock::firehose {
namespace {

class FirehoseSourceTest : public testing::Test {
 protected:
  // The source listens and can be read.
  void start(std::string inbox = "box") {
    FirehoseSource::Settings settings;
    settings.listen = "127.0.0.1:0";
    settings.inbox = std::move(inbox);
    source_ = FirehoseSource::make(std::move(settings), context_).value();
    const auto parts = source_->parts({}, {}).value();
    ASSERT_EQ(parts.size(), 1u);
    EXPECT_EQ(parts[0].id, "inbox");
    reader_ = source_->open(parts[0], std::nullopt, signal_.signal(), {}).value();
  }
  void stop() {
    reader_.reset();
    source_.reset();
  }
  net::ClientAnswer put(const std::string& operation, std::string body) {
    const auto& firehose = dynamic_cast<const FirehoseSource&>(*source_);
    return client_
        ->send({.url = "http://" + firehose.address() + "/",
                .headers = {{"X-Amz-Target", "Firehose_20150804." + operation},
                            {"Content-Type", "application/x-amz-json-1.1"}},
                .body = std::move(body)},
               {})
        .value();
  }
  net::ClientAnswer put_two() {
    return put("PutRecordBatch",
               R"({"DeliveryStreamName":"s","Records":[{"Data":"YQ=="},{"Data":"YmI="}]})");
  }
  // Waits until there is something to read.
  std::vector<std::string> read() {
    EventBlock block;
    position_ = reader_->read(block, {}, {}).value().position;
    while (block.events.empty()) {
      signal_.wait();
      position_ = reader_->read(block, {}, {}).value().position;
    }
    std::vector<std::string> raws;
    for (const Event& event : block.events) {
      EXPECT_EQ(event.stream, "s");
      EXPECT_EQ(event.op, Op::message);
      raws.emplace_back(event.raw);
    }
    return raws;
  }

  SystemClock clock_;
  NullLog log_;
  sim::SimFiles files_;
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
                   .where = "test/firehose",
                   .seed = 1,
                   .encoder = nullptr};
  std::unique_ptr<Source> source_;
  std::unique_ptr<Reader> reader_;
  Position position_;
  TestSignal signal_;
};

using Strings = std::vector<std::string>;

TEST_F(FirehoseSourceTest, answers_once_the_inbox_has_it_and_keeps_it_until_committed) {
  start();
  EXPECT_EQ(source_->traits().generation_bytes, 8U);
  EXPECT_TRUE(source_->traits().generations_ascend);
  const net::ClientAnswer answer = put_two();
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find(R"("FailedPutCount":0)"), std::string::npos);
  EXPECT_EQ(read(), (Strings{"a", "bb"}));
  stop();
  files_.crash_machine_forgetting_all();
  start();
  EXPECT_EQ(read(), (Strings{"a", "bb"}));
  ASSERT_TRUE(reader_->commit(position_, {}));
  stop();
  start();
  put("PutRecord", R"({"DeliveryStreamName":"s","Record":{"Data":"Yw=="}})");
  EXPECT_EQ(read(), (Strings{"c"}));
}

TEST_F(FirehoseSourceTest, without_an_inbox_answers_once_delivered) {
  start("");
  EXPECT_FALSE(source_->traits().generations_ascend) << "the clock may go back";
  std::future<net::ClientAnswer> answer =
      std::async(std::launch::async, [this] { return put_two(); });
  EXPECT_EQ(read(), (Strings{"a", "bb"}));
  EXPECT_EQ(answer.wait_for(0s), std::future_status::timeout);
  ASSERT_TRUE(reader_->commit(position_, {}));
  EXPECT_EQ(answer.get().status, 200);
}

TEST_F(FirehoseSourceTest, a_stop_without_an_inbox_tells_clients_to_send_again) {
  start("");
  std::future<net::ClientAnswer> answer =
      std::async(std::launch::async, [this] { return put_two(); });
  EXPECT_EQ(read(), (Strings{"a", "bb"}));
  stop();
  EXPECT_EQ(answer.get().status, 503);
}

TEST_F(FirehoseSourceTest, a_refused_request_and_a_full_disk_keep_nothing) {
  start();
  EXPECT_EQ(put("PutRecordBatch", "{}").status, 400);
  files_.set_hook([](const sim::FileOperation& operation) -> std::optional<sim::FileFault> {
    if (operation.op != sim::FileOp::write) {
      return std::nullopt;
    }
    return sim::FileFault{.error = transient("disk full").error()};
  });
  const net::ClientAnswer full = put_two();
  EXPECT_EQ(full.status, 503);
  EXPECT_NE(full.body.find(R"("__type":"ServiceUnavailableException")"), std::string::npos);
  files_.set_hook({});
  EXPECT_EQ(put("PutRecord", R"({"DeliveryStreamName":"s","Record":{"Data":"Yw=="}})").status, 200);
  EXPECT_EQ(read(), (Strings{"c"}));
}

TEST_F(FirehoseSourceTest, a_disk_that_fails_to_sync_ends_the_pipeline) {
  start();
  files_.set_hook([](const sim::FileOperation& operation) -> std::optional<sim::FileFault> {
    if (operation.op != sim::FileOp::sync) {
      return std::nullopt;
    }
    return sim::FileFault{.error = fatal("sync failed").error()};
  });
  EXPECT_EQ(put_two().status, 500);
  EventBlock block;
  EXPECT_EQ(reader_->read(block, {}, {}).error().kind, Error::Kind::fatal);
  EXPECT_EQ(signal_.calls(), 1) << "told, so that the pipeline ends now and not at the next record";
}

}  // namespace
}  // namespace penstock::firehose
