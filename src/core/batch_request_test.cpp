#include "core/batch_request.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "base/base64.h"
#include "core/test_stream_sink.h"
#include "testing/test_context.h"

namespace penstock {
namespace {

class PayloadEncoder final : public Encoder {
 public:
  Result<> encode(const Event& event, std::string& out) const override {
    out += event.raw;
    return event.raw.starts_with("bad") ? rejected("cannot be encoded") : Result<>{};
  }
  std::string_view content_type() const override { return "text/plain"; }
};

class TestBatch {
 public:
  explicit TestBatch(const std::vector<std::string>& payloads) {
    for (const std::string& payload : payloads) {
      Event& event = events_.emplace_back();
      event.raw = texts_.emplace_back(payload);
      event.has_raw = true;
      event.order_key = {.low = events_.size(), .high = events_.size()};
      batch.events.push_back(&event);
    }
  }
  Batch batch;

 private:
  std::deque<std::string> texts_;
  std::deque<Event> events_;
};

std::string text_of(const std::vector<Failure>& failures) {
  std::string text;
  for (const Failure& failure : failures) {
    text += fmt::format("{} {}; ", failure.index, name_of(failure.error.kind));
  }
  return text;
}

const PayloadEncoder kEncoder;

// Every body, and behind them what failed.
std::string cut(const std::vector<std::string>& payloads, const RequestLimits& limits) {
  const TestBatch test(payloads);
  BatchRequests requests(test.batch, limits, {.begin = "[", .between = ",", .end = "]"},
                         append_encoded(kEncoder));
  std::string text;
  BatchRequest request;
  std::vector<uint32_t> indices;
  while (requests.next(request)) {
    text += request.body + ' ';
    indices.insert(indices.end(), request.indices.begin(), request.indices.end());
  }
  EXPECT_TRUE(std::ranges::is_sorted(indices));
  const std::vector<Failure> failures = requests.take_failures();
  EXPECT_EQ(indices.size() + failures.size(), payloads.size());
  return text + text_of(failures);
}

TEST(BatchRequests, cuts_by_items_and_by_bytes_as_they_are_counted) {
  const RequestLimits tight{.items = 3, .bytes = 10, .item_bytes = 8};
  EXPECT_EQ(cut({}, tight), "");
  EXPECT_EQ(cut({"1", "2", "3", "4"}, tight), "[1,2,3] [4] ");
  EXPECT_EQ(cut({"12345", "67890", "1"}, tight), "[12345,67890] [1] ");
  EXPECT_EQ(cut({"12345", "678901", "1"}, tight), "[12345] [678901,1] ");
  RequestLimits with_overhead = tight;
  with_overhead.overhead_bytes = 2;
  with_overhead.item_overhead_bytes = 1;
  EXPECT_EQ(cut({"123", "456", "7"}, with_overhead), "[123,456] [7] ");
  EXPECT_EQ(cut({"123", "4567", "8"}, with_overhead), "[123] [4567,8] ");
}

TEST(BatchRequests, what_can_never_be_sent_fails_alone) {
  const RequestLimits tight{.items = 3, .bytes = 10, .item_bytes = 8};
  EXPECT_EQ(cut({"1", "123456789", "2"}, tight), "[1,2] 1 rejected; ");
  EXPECT_EQ(cut({"bad", "2", "bad", "4"}, tight), "[2,4] 0 rejected; 2 rejected; ");
  EXPECT_EQ(cut({"bad", "123456789"}, tight), "0 rejected; 1 rejected; ");
  RequestLimits by_request{.bytes = 10, .overhead_bytes = 3};
  EXPECT_EQ(cut({"1234567", "12345678"}, by_request), "[1234567] 1 rejected; ");
}

// What send() is called with, and what write_requests() makes of its answers.
std::string written(const std::vector<std::string>& payloads, uint32_t items,
                    const std::map<std::string, Result<std::vector<Failure>>>& answers) {
  const TestBatch test(payloads);
  BatchRequests requests(test.batch, {.items = items}, {.between = ","}, append_encoded(kEncoder));
  std::string sent;
  const auto failures =
      write_requests(requests, [&](BatchRequest& request) -> Result<std::vector<Failure>> {
        sent += request.body + ' ';
        const auto answer = answers.find(request.body);
        return answer == answers.end() ? std::vector<Failure>{} : answer->second;
      });
  return sent + "| " +
         (failures ? text_of(*failures)
                   : std::string("all ") + std::string(name_of(failures.error().kind)));
}

std::vector<Failure> item(uint32_t index, Error::Kind kind) {
  return {{.index = index, .error = {.kind = kind, .what = "", .retry_after = std::nullopt}}};
}

TEST(BatchRequests, item_results_come_back_to_their_events) {
  EXPECT_EQ(
      written({"a", "bad", "c", "d", "e"}, 2,
              {{"a,c", item(1, Error::Kind::transient)}, {"d,e", item(0, Error::Kind::rejected)}}),
      "a,c d,e | 1 rejected; 2 transient; 3 rejected; ");
  std::vector<Failure> twice = item(0, Error::Kind::transient);
  twice.push_back(item(0, Error::Kind::rejected).front());
  EXPECT_EQ(written({"a", "b"}, 2, {{"a,b", twice}}), "a,b | 0 transient; ");
}

TEST(BatchRequests, an_answer_about_an_item_that_was_not_sent_says_nothing_of_any) {
  EXPECT_EQ(written({"a", "b"}, 2, {{"a,b", item(2, Error::Kind::rejected)}}),
            "a,b | 0 transient; 1 transient; ");
}

// The engine bisects batches, so only a request that is all of one is left to it.
TEST(BatchRequests, a_refusal_of_the_only_request_is_one_of_the_write) {
  EXPECT_EQ(written({"a", "bad", "b"}, 3, {{"a,b", rejected("")}}), "a,b | all rejected");
  EXPECT_EQ(written({"a", "b"}, 3, {{"a,b", transient("")}}), "a,b | all transient");
  EXPECT_EQ(written({"a"}, 3, {{"a", rejected("")}}), "a | 0 rejected; ");
}

TEST(BatchRequests, a_refusal_of_one_of_several_is_searched_for_its_culprit) {
  EXPECT_EQ(written({"a", "b", "c", "d", "e", "bad", "g", "h"}, 4,
                    {{"e,g,h", rejected("")}, {"g,h", rejected("")}, {"h", rejected("")}}),
            "a,b,c,d e,g,h e g,h g h | 5 rejected; 7 rejected; ");
}

TEST(BatchRequests, a_request_that_may_pass_later_does_not_stop_the_others) {
  EXPECT_EQ(written({"a", "b", "c", "d"}, 2, {{"a,b", transient("")}}),
            "a,b c,d | 0 transient; 1 transient; ");
}

TEST(BatchRequests, nothing_is_sent_behind_a_fatal_answer) {
  EXPECT_EQ(written({"a", "b", "c", "d", "e"}, 2, {{"c,d", fatal("")}}),
            "a,b c,d | 2 fatal; 3 fatal; 4 fatal; ");
}

TEST(BatchRequests, only_a_rejection_is_noted_for_an_event) {
  std::vector<Failure> failures;
  EXPECT_TRUE(note({}, 1, failures));
  EXPECT_TRUE(note(rejected("no"), 2, failures));
  EXPECT_EQ(note(transient("later"), 3, failures).error().kind, Error::Kind::transient);
  EXPECT_EQ(text_of(failures), "2 rejected; ");
}

// A service like Kinesis: strict about its limits, and it takes each record or does not.
class FakeStream final : public net::HttpClient {
 public:
  Result<net::ClientAnswer> send(const net::ClientRequest& request, Stop) override {
    if (!answers.empty()) {
      net::ClientAnswer answer = std::move(answers.front());
      answers.pop_front();
      return answer;
    }
    Arena arena;
    doc::JsonReader reader;
    const Document body = reader.read(arena.copy(request.body), arena).value();
    EXPECT_EQ(doc::find(body, "StreamName")->as_string(), "orders");
    std::string results;
    size_t bytes = 0;
    size_t count = 0;
    for (const doc::Element& record : doc::Elements(doc::find(body, "Records")->as_document())) {
      const auto text = doc::find(record.as_document(), "Data")->as_string();
      const std::string_view data = decode_base64(text, arena).value();
      const size_t size =
          data.size() + doc::find(record.as_document(), "PartitionKey")->as_string().size();
      EXPECT_LE(size, size_t{1} << 20);
      bytes += size;
      const auto fault = faults.find(std::string(data.substr(0, 4)));
      results += count++ == 0 ? "" : ",";
      results += fault == faults.end() ? R"({"SequenceNumber":"1","ShardId":"s"})"
                                       : R"({"ErrorCode":")" + fault->second + R"("})";
      if (fault == faults.end()) {
        taken.emplace_back(data);
      }
    }
    EXPECT_LE(count, 500u);
    EXPECT_LE(bytes, size_t{5} << 20);
    ++requests;
    return net::ClientAnswer{
        .status = 200, .headers = {}, .body = R"({"Records":[)" + results + "]}"};
  }
  std::map<std::string, std::string> faults;  // by the first four bytes of the data
  std::deque<net::ClientAnswer> answers;      // given instead
  std::vector<std::string> taken;
  size_t requests = 0;
};

class StreamSinkTest : public testing::Test {
 protected:
  Result<std::vector<Failure>> write(const std::vector<std::string>& payloads) {
    Context context = test_.context();
    const Context with_service{.clock = context.clock,
                               .log = context.log,
                               .files = context.files,
                               .http = service_,
                               .server = context.server,
                               .metrics = context.metrics,
                               .shared = context.shared,
                               .where = "test/stream",
                               .seed = 1,
                               .encoder = std::make_shared<PayloadEncoder>()};
    TestStreamSink sink({.url = "https://service/", .stream = "orders"}, with_service);
    const TestBatch test(payloads);
    return sink.write(test.batch, {});
  }
  TestContext test_;
  FakeStream service_;
};

// The aim of the kit: a sink of a batch service has at most 150 lines beside its fields.
// test_stream_sink.h has 129, its includes and comments among them.
TEST_F(StreamSinkTest, partial_failures_come_back_to_their_events) {
  service_.faults = {{"slow", "ProvisionedThroughputExceededException"}, {"oops", "NoSuchThing"}};
  EXPECT_EQ(text_of(write({"one", "slow", "bad", "oops", "two"}).value()),
            "1 transient; 2 rejected; 3 rejected; ");
  EXPECT_EQ(service_.taken, (std::vector<std::string>{"one", "two"}));
}

TEST_F(StreamSinkTest, large_batches_become_requests_within_the_limits) {
  const std::vector<std::string> large(12, std::string(900'000, 'x'));
  EXPECT_TRUE(write(large).value().empty());
  EXPECT_EQ(service_.requests, 3u);
  EXPECT_EQ(service_.taken.size(), 12u);
  EXPECT_EQ(text_of(write({"a", std::string(1 << 20, 'x')}).value()), "1 rejected; ");
  EXPECT_TRUE(write(std::vector<std::string>(501, "x")).value().empty());
  EXPECT_EQ(service_.requests, 6u);
}

TEST_F(StreamSinkTest, an_answer_to_the_whole_has_its_meaning) {
  const auto answered = [&](int status, std::string body) {
    service_.answers = {{.status = status, .headers = {}, .body = std::move(body)}};
    return write({"a", "b"}).error().kind;
  };
  EXPECT_EQ(answered(400, R"({"__type":"ProvisionedThroughputExceededException"})"),
            Error::Kind::transient);
  EXPECT_EQ(answered(400, R"({"__type":"ValidationException"})"), Error::Kind::rejected);
  EXPECT_EQ(answered(403, ""), Error::Kind::fatal);
  EXPECT_EQ(answered(500, "x"), Error::Kind::transient);
  EXPECT_EQ(answered(200, R"({"Records":[{}]})"), Error::Kind::transient);
  EXPECT_EQ(answered(200, "{"), Error::Kind::transient);
}

}  // namespace
}  // namespace penstock
