#include "connectors/@name@/sink.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"

namespace penstock::@name@ {

namespace {

// What the service takes in one request, counted as it counts.
constexpr RequestLimits kLimits{.items = 500, .bytes = size_t{1} << 20};
// What stands in a body around the records.
constexpr RequestFrame kFrame{};

// To be written: appends what one event is in the body of a request, and says how many bytes of it
// the service counts. An error is `rejected` and of this event alone; the body is cut back then.
Result<size_t> append_record(const Encoder& /*encoder*/, const Event& /*event*/,
                             std::string& /*body*/) {
  return 0;
}

// To be written: what an answer without an error says of the records of its request, of which there
// were `sent`. Name what the service did not take, by its place in the request; an error for the
// whole, `transient`, where nothing is known. What a status means says net/verdict.h; a service that
// says more in the body of a refusal is read before that, in send().
Result<std::vector<Failure>> outcome_of(const net::ClientAnswer& answer, size_t /*sent*/) {
  return transient(fmt::format("@name@: an answer with status {} is not read yet", answer.status));
}

}  // namespace

void @Name@Sink::Settings::fields(config::FieldVisitor& visitor) {
  visitor.field("endpoint", endpoint,
                {.doc = "Where the service is, http:// or https://.", .required = true});
}

@Name@Sink::@Name@Sink(Settings settings, const net::Url& url, const Context& context)
    : settings_(std::move(settings)),
      clock_(context.clock),
      client_(context.http),
      encoder_(context.encoder) {
  secrets_.add_url(url);
}

// Without effects outside: `penstock check` calls it too.
Result<std::unique_ptr<Sink>> @Name@Sink::make(Settings settings, const Context& context) {
  CHECK(context.encoder != nullptr);
  TRY(const net::Url url, net::parse_url(settings.endpoint));
  return std::unique_ptr<Sink>(new @Name@Sink(std::move(settings), url, context));
}

SinkTraits @Name@Sink::traits() const {
  return {.events_max = 500, .bytes_max = size_t{4} << 20, .lanes = 4};
}

Result<std::vector<Failure>> @Name@Sink::write(const Batch& batch, Stop stop) {
  BatchRequests requests(batch, kLimits, kFrame, [&](const Event& event, std::string& body) {
    return append_record(*encoder_, event, body);
  });
  return write_requests(
      requests, [&](BatchRequest& request) { return send(request, batch.deadline, stop); });
}

Result<std::vector<Failure>> @Name@Sink::send(BatchRequest& request, Instant deadline,
                                              const Stop& stop) const {
  const Duration left = std::min(traits().write_deadline, deadline - clock_.now());
  if (left <= Duration(0)) {
    return transient("@name@: no time was left for a request");
  }
  TRY(const net::ClientAnswer answer,
      client_.send({.method = "POST",
                    .url = settings_.endpoint,
                    .headers = {{"Content-Type", std::string(encoder_->content_type())}},
                    .body = std::move(request.body),
                    .deadline = left},
                   stop));
  TRY(net::verdict_of(answer, secrets_, {}, clock_.wall()));
  return outcome_of(answer, request.indices.size());
}

}  // namespace penstock::@name@
