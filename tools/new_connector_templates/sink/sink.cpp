#include "connectors/@name@/sink.h"

#include <fmt/core.h>

#include <algorithm>
#include <span>

#include "base/check.h"
#include "net/address.h"

namespace penstock::@name@ {

namespace {

// To be written: appends what one event is in the body of a request. After an error, which is
// `rejected` and of this event alone, the body is cut back to where it was.
Result<> append_record(const Encoder& /*encoder*/, const Event& /*event*/, std::string& /*body*/) {
  return {};
}

// To be written: what an answer means for the events that were sent, of which `sent` has the
// indices in the batch. Name what the service did not take, by its index; an error for the whole
// where nothing is known: `transient` with retry_after where it asks for a wait, `rejected` where it
// will never take the request as it is (the engine halves the batch and finds the culprit), `fatal`
// where a person must act.
Result<std::vector<Failure>> outcome_of(const net::ClientAnswer& answer,
                                        std::span<const uint32_t> /*sent*/) {
  return transient(fmt::format("@name@: an answer with status {} is not read yet", answer.status));
}

}  // namespace

void @Name@Sink::Settings::fields(config::FieldVisitor& visitor) {
  visitor.field("endpoint", endpoint,
                {.doc = "Where the service is, http:// or https://.", .required = true});
}

@Name@Sink::@Name@Sink(Settings settings, const Context& context)
    : settings_(std::move(settings)),
      clock_(context.clock),
      client_(context.http),
      encoder_(context.encoder) {}

// Without effects outside: `penstock check` calls it too.
Result<std::unique_ptr<Sink>> @Name@Sink::make(Settings settings, const Context& context) {
  CHECK(context.encoder != nullptr);
  TRY(net::parse_url(settings.endpoint));
  return std::unique_ptr<Sink>(new @Name@Sink(std::move(settings), context));
}

SinkTraits @Name@Sink::traits() const {
  return {.events_max = 500, .bytes_max = size_t{4} << 20, .lanes = 4};
}

Result<std::vector<Failure>> @Name@Sink::write(const Batch& batch, Stop stop) {
  std::vector<Failure> failures;
  std::vector<uint32_t> sent;
  std::string body;
  for (uint32_t i = 0; i < batch.events.size(); ++i) {
    const size_t before = body.size();
    if (auto added = append_record(*encoder_, *batch.events[i], body); !added) {
      body.resize(before);
      failures.push_back({.index = i, .error = std::move(added).error()});
    } else {
      sent.push_back(i);
    }
  }
  if (sent.empty()) {
    return failures;
  }
  TRY(const net::ClientAnswer answer, send(std::move(body), batch.deadline, stop));
  TRY(std::vector<Failure> refused, outcome_of(answer, sent));
  std::ranges::move(refused, std::back_inserter(failures));
  return failures;
}

Result<net::ClientAnswer> @Name@Sink::send(std::string body, Instant deadline,
                                           const Stop& stop) const {
  const Duration left = deadline == Instant::never() ? traits().write_deadline
                                                     : deadline - clock_.now();
  if (left <= Duration(0)) {
    return transient("@name@: no time was left for a request");
  }
  return client_.send({.method = "POST",
                       .url = settings_.endpoint,
                       .headers = {{"Content-Type", std::string(encoder_->content_type())}},
                       .body = std::move(body),
                       .deadline = left},
                      stop);
}

}  // namespace penstock::@name@
