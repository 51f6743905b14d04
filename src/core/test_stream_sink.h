// TestStreamSink: the sink of a service like Kinesis' PutRecords, written as a connector is: what
// BatchRequests and net/verdict.h leave to the author. Owned by a test.
#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <string>

#include "base/base64.h"
#include "base/format.h"
#include "core/batch_request.h"
#include "core/context.h"
#include "doc/bson.h"
#include "doc/json.h"
#include "net/http_client.h"
#include "net/verdict.h"

namespace penstock {

class TestStreamSink final : public Sink {
 public:
  struct Settings {
    std::string url;
    std::string stream;
    Duration timeout = 20s;
  };
  TestStreamSink(Settings settings, const Context& context)
      : settings_(std::move(settings)),
        begin_(fmt::format(R"({{"StreamName":"{}","Records":[)", settings_.stream)),
        clock_(context.clock),
        client_(context.http),
        encoder_(context.encoder) {}

  SinkTraits traits() const override {
    return {.events_max = 500, .lanes = 4, .write_deadline = settings_.timeout};
  }
  Result<> open(const Resume&, Stop) override { return {}; }

  Result<std::vector<Failure>> write(const Batch& batch, Stop stop) override {
    const RequestLimits limits{.items = 500, .bytes = size_t{5} << 20, .item_bytes = 1 << 20};
    const RequestFrame frame{.begin = begin_, .between = ",", .end = "]}"};
    std::string record;
    BatchRequests requests(batch, limits, frame, [&](const Event& event, std::string& body) {
      return append_record(event, record, body);
    });
    return write_requests(
        requests, [&](BatchRequest& request) { return send(request, batch.deadline, stop); });
  }

 private:
  static constexpr size_t kKeySize = 16;

  // The service counts the data and the key, not their text.
  Result<size_t> append_record(const Event& event, std::string& record, std::string& body) const {
    record.clear();
    TRY(encoder_->encode(event, record));
    body += R"({"Data":")";
    append_base64(record, body);
    append_format(body, R"(","PartitionKey":"{:0{}x}"}})", event.order_key.high, kKeySize);
    return record.size() + kKeySize;
  }

  Result<std::vector<Failure>> send(BatchRequest& request, Instant deadline,
                                    const Stop& stop) const {
    TRY(const net::ClientAnswer answer,
        client_.send({.url = settings_.url,
                      .headers = {{"X-Amz-Target", "Kinesis_20131202.PutRecords"}},
                      .body = std::move(request.body),
                      .deadline = std::min(settings_.timeout, deadline - clock_.now())},
                     stop));
    Arena arena;
    doc::JsonReader reader;
    const Result<Document> body = reader.read(arena.copy(answer.body), arena);
    if (answer.status != 200) {
      const auto type = body ? doc::find(*body, "__type") : std::nullopt;
      if (type && kind_of(text_of(*type)) == Error::Kind::transient) {  // a 400 that passes
        return std::unexpected(net::error_of(Error::Kind::transient, answer, {}, clock_.wall()));
      }
      TRY(net::verdict_of(answer, {}, {}, clock_.wall()));
    }
    const auto records = body ? doc::find(*body, "Records") : std::nullopt;
    if (!records || records->type != doc::Type::array) {
      return transient("PutRecords: the answer has no Records");
    }
    return failures_of(records->as_document(), request.indices.size());
  }

  static Result<std::vector<Failure>> failures_of(const Document& records, size_t sent) {
    std::vector<Failure> failures;
    uint32_t index = 0;
    for (const doc::Element& record : doc::Elements(records)) {
      const auto code = record.type == doc::Type::document
                            ? doc::find(record.as_document(), "ErrorCode")
                            : std::nullopt;
      if (code && !code->is_null()) {
        failures.push_back({.index = index,
                            .error = {.kind = kind_of(text_of(*code)),
                                      .what = fmt::format("PutRecords: {}", text_of(*code)),
                                      .retry_after = std::nullopt}});
      }
      ++index;
    }
    if (index != sent) {
      return transient(fmt::format("PutRecords: {} answers to {} records", index, sent));
    }
    return failures;
  }

  static std::string text_of(const doc::Element& element) {
    std::string text;
    doc::append_text(element, text);
    return text;
  }
  static Error::Kind kind_of(std::string_view code) {
    return code == "ProvisionedThroughputExceededException" || code == "InternalFailure"
               ? Error::Kind::transient
               : Error::Kind::rejected;
  }

  const Settings settings_;
  const std::string begin_;
  Clock& clock_;
  net::HttpClient& client_;
  const std::shared_ptr<const Encoder> encoder_;
};

}  // namespace penstock
