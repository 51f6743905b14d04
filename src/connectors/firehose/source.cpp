#include "connectors/firehose/source.h"

#include "inbox/inbox.h"
#include "inbox/memory_queue.h"
#include "net/address.h"
#include "net/http_server.h"

namespace penstock::firehose {
namespace {

constexpr size_t kMemoryBytesMax = size_t{64} << 20;  // of what waits without an inbox
constexpr std::string_view kPart = "inbox";

// The queue keeps its own position, so the engine's is only passed back to it. Both hands are the
// queue's.
class QueueReader final : public Reader {
 public:
  explicit QueueReader(inbox::Queue& queue) : queue_(queue) {}
  Result<Read> read(EventBlock& block, const ReadLimits& limits, Stop stop) override {
    return queue_.read(block, limits, std::move(stop));
  }
  Result<> commit(const Position& position, Stop) override { return queue_.commit(position); }

 private:
  inbox::Queue& queue_;  // of the source, which outlives its readers
};

Refusal refusal_from(const Error& error) {
  if (error.kind == Error::Kind::transient) {
    return {.status = 503,
            .type = "ServiceUnavailableException",
            .message = "Slow down, then send it again: " + error.what};
  }
  return {.status = 500, .type = "InternalFailure", .message = error.what};
}

}  // namespace

void FirehoseSource::Settings::fields(config::FieldVisitor& visitor) {
  visitor.field("listen", listen,
                {.doc = "Address on loopback to listen at; port 0 takes a free one."});
  visitor.field("inbox", inbox,
                {.doc = "Folder that keeps accepted records until they are delivered, so that a "
                        "client waits for the disk only. Without it a client waits until its "
                        "records are delivered."});
  visitor.field("inbox_bytes_max", inbox_bytes_max,
                {.doc = "The most the inbox holds; beyond it clients are told to try later.",
                 .min = int64_t{8} << 20});
  visitor.field("streams", streams,
                {.doc = "Names of the delivery streams that exist; empty: any name."});
}

FirehoseSource::FirehoseSource(Settings settings, const Context& context)
    : settings_(std::move(settings)), context_(context), api_(settings_.streams) {}

Result<std::unique_ptr<Source>> FirehoseSource::make(Settings settings, const Context& context) {
  TRY(net::parse_loopback_address(settings.listen));
  return std::unique_ptr<Source>(new FirehoseSource(std::move(settings), context));
}

SourceTraits FirehoseSource::traits() const {
  // Without an inbox nothing remembers the last generation, and the clock may have gone back.
  return {.progress = Progress::source_owned,
          .generation_bytes = 8,
          .generations_ascend = !settings_.inbox.empty()};
}

std::string FirehoseSource::fingerprint() const {
  return "firehose";
}

// Opens what is not open yet, so that a first try that failed can be repeated.
Result<std::vector<Part>> FirehoseSource::parts(const Checkpoint&, Stop) {
  if (!queue_) {
    if (settings_.inbox.empty()) {
      queue_ = std::make_unique<inbox::MemoryQueue>(kMemoryBytesMax, context_.clock, context_.seed);
    } else {
      TRY(queue_, inbox::Inbox::open({.folder = settings_.inbox,
                                      .bytes_max = settings_.inbox_bytes_max.bytes,
                                      .where = context_.where,
                                      .metrics = inbox::InboxMetrics::of(context_)},
                                     context_.files, context_.clock, context_.log, context_.seed));
    }
  }
  if (!listener_) {
    TRY(listener_, context_.server.listen(settings_.listen, {.refusal = answer_server_refusal},
                                          [this](net::HttpRequest request, net::Responder respond) {
                                            handle(request, respond);
                                          }));
    context_.log.info(context_.where, "Firehose API at http://" + listener_->address());
  }
  return std::vector<Part>{{.id = std::string(kPart)}};
}

Result<std::unique_ptr<Reader>> FirehoseSource::open(const Part&, const std::optional<Position>&,
                                                     Signal signal, Stop) {
  queue_->listen(std::move(signal));
  return std::make_unique<QueueReader>(*queue_);
}

std::optional<Position> FirehoseSource::position_before(const Position& /*end*/,
                                                        std::string_view order) const {
  const auto place = inbox::Place::from_order(order);
  return place ? std::optional(place->before().position()) : std::nullopt;
}

void FirehoseSource::handle(const net::HttpRequest& request, const net::Responder& respond) {
  Parsed parsed = api_.parse(request, context_.clock.wall());
  if (const auto* refusal = std::get_if<Refusal>(&parsed)) {
    return respond(answer_refusal(*refusal));
  }
  if (auto* answer = std::get_if<net::HttpAnswer>(&parsed)) {
    return respond(std::move(*answer));
  }
  Put put = std::move(std::get<Put>(parsed));
  const uint32_t records = put.frame.records();
  queue_->append(std::move(put.frame),
                 [respond, records, batch = put.batch](const Result<inbox::Place>& place) {
                   respond(place ? answer_put(*place, records, batch)
                                 : answer_refusal(refusal_from(place.error())));
                 });
}

}  // namespace penstock::firehose
