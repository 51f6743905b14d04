#include "connectors/http/sink.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "base/format.h"
#include "base/sha256.h"
#include "core/batch_request.h"

namespace penstock::http {
namespace {

constexpr size_t kKeySizeMax = 200;
constexpr size_t kKeyHashSize = 65;   // with a dash in front
constexpr uint32_t kEventsMax = 500;  // of one request

constexpr MetricName kAnswers = {
    "penstock_http_answers_total",
    "Answers to requests by the class of their status; none: there was no answer."};

net::Secrets secrets_of(const HttpSink::Settings& settings, const net::Url& url) {
  net::Secrets secrets;
  secrets.add_url(url);
  for (const auto& [name, value] : settings.headers) {
    secrets.add_header(value);
  }
  return secrets;
}

// It must name exactly these events: the engine sends half of them again.
std::string key_of(const Batch& batch, const BatchRequest& request) {
  std::string ids;
  for (const uint32_t index : request.indices) {
    const std::string_view id = batch.events[index]->id;
    append_format(ids, "{}:{};", id.size(), id);
  }
  return sha256_hex(ids);
}

}  // namespace

std::string header_value_of(std::string_view id) {
  std::string value;
  for (const char c : id) {
    if (c > 0x20 && c < 0x7f && c != '%') {
      value += c;
    } else {
      value += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  if (value.size() > kKeySizeMax) {
    value.resize(kKeySizeMax - kKeyHashSize);
    value += "-" + sha256_hex(id);
  }
  return value;
}

HttpSink::Answers::Answers(const Context& context)
    : classes_{context.counter(kAnswers, {{"class", "2xx"}}),
               context.counter(kAnswers, {{"class", "3xx"}}),
               context.counter(kAnswers, {{"class", "4xx"}}),
               context.counter(kAnswers, {{"class", "5xx"}})},
      other_(context.counter(kAnswers, {{"class", "other"}})),
      none_(context.counter(kAnswers, {{"class", "none"}})) {}

void HttpSink::Answers::count(const Result<net::ClientAnswer>& answer) const {
  if (!answer) {
    none_.add();
    return;
  }
  const int first = answer->status / 100;
  const Counter& one = first >= 2 && first <= 5 ? classes_[static_cast<size_t>(first - 2)] : other_;
  one.add();
}

void HttpSink::Settings::fields(config::FieldVisitor& visitor) {
  visitor.field("url", url, {.doc = "Where to send, http:// or https://.", .required = true});
  visitor.field("method", method,
                {.doc = "Method of the requests.", .choices = {"POST", "PUT", "PATCH"}});
  visitor.field("headers", headers,
                {.doc = "More headers by name, as Authorization; never shown.", .secret = true});
  visitor.field("timeout", timeout,
                {.doc = "How long a whole request may take.",
                 .min = Duration(1ms).count(),
                 .max = Duration(5min).count()});
  visitor.field("body", body,
                {.doc = "What a request carries: one event, or a batch as lines or as a JSON "
                        "array.",
                 .choices = {"event", "lines", "array"}});
}

HttpSink::HttpSink(Settings settings, const net::Url& url, const Context& context)
    : settings_(std::move(settings)),
      shown_(fmt::format("{} {}", settings_.method, net::shown(url))),
      secrets_(secrets_of(settings_, url)),
      clock_(context.clock),
      client_(context.http),
      tls_(context.tls),
      answers_(context),
      encoder_(context.encoder) {}

Result<std::unique_ptr<Sink>> HttpSink::make(Settings settings, const Context& context) {
  CHECK(context.encoder != nullptr);
  TRY(const net::Url url, net::parse_url(settings.url));
  if (!url.tls && context.tls != net::TlsFiles{}) {
    return fatal("`tls` is for an https:// url");
  }
  for (const auto& [name, value] : settings.headers) {
    TRY(net::check_header(name, value));
  }
  return std::unique_ptr<Sink>(new HttpSink(std::move(settings), url, context));
}

SinkTraits HttpSink::traits() const {
  SinkTraits traits;
  traits.events_max = settings_.body == "event" ? 1 : kEventsMax;
  traits.lanes = 8;
  traits.write_deadline = settings_.timeout;
  return traits;
}

Result<> HttpSink::open(const Resume&, Stop) {
  return client_.check(tls_);
}

Result<std::vector<Failure>> HttpSink::write(const Batch& batch, Stop stop) {
  const bool single = settings_.body == "event";
  RequestFrame frame;
  std::string_view content_type = encoder_->content_type();
  if (settings_.body == "array") {
    frame = {.begin = "[", .between = ",", .end = "]"};
    content_type = "application/json";
  } else if (!single) {
    frame = {.between = "\n", .end = "\n"};
    content_type = "application/x-ndjson";
  }
  const RequestLimits limits{.items = single ? 1 : kEventsMax};
  BatchRequests requests(batch, limits, frame, append_encoded(*encoder_));
  return write_requests(requests, [&](BatchRequest& request) -> Result<std::vector<Failure>> {
    std::string key = single ? header_value_of(batch.events[request.indices.front()]->id)
                             : key_of(batch, request);
    TRY(send(std::move(request.body), key, content_type, batch.deadline, stop));
    return std::vector<Failure>{};
  });
}

Result<> HttpSink::send(std::string body, const std::string& key, std::string_view content_type,
                        Instant deadline, const Stop& stop) const {
  const Duration left = deadline - clock_.now();
  if (left <= Duration{0}) {
    return transient(shown_ + ": not sent: the write's time was over before");
  }
  net::ClientRequest request{
      .method = settings_.method,
      .url = settings_.url,
      .headers = {{"Content-Type", std::string(content_type)}, {"Idempotency-Key", key}},
      .body = std::move(body),
      .deadline = std::min(settings_.timeout, left),
      .tls = tls_};
  request.headers.insert(request.headers.end(), settings_.headers.begin(), settings_.headers.end());
  const Result<net::ClientAnswer> answer = client_.send(request, stop);
  answers_.count(answer);
  if (!answer) {
    return std::unexpected(answer.error());
  }
  auto verdict = net::verdict_of(
      *answer, secrets_,
      {.credentials = "check the credentials in `headers`", .address = "check `url` and `method`"},
      clock_.wall());
  if (!verdict) {
    verdict.error().what = fmt::format("{}: {}", shown_, verdict.error().what);
  }
  return verdict;
}

}  // namespace penstock::http
