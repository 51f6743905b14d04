#include "connectors/http/sink.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <ctime>

#include "base/check.h"
#include "base/sha256.h"

namespace penstock::http {
namespace {

constexpr size_t kKeySizeMax = 200;
constexpr size_t kKeyHashSize = 65;  // with a dash in front
constexpr Duration kRetryAfterMax = 1h;
constexpr size_t kAnswerShown = 200;

std::optional<int64_t> date_of(const std::string& text) {
  // As RFC 9110 writes it, and the two older ways that it asks to be read.
  for (const char* const format :
       {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    std::tm parts{};
    const char* const end = ::strptime(text.c_str(), format, &parts);
    if (end != nullptr && *end == '\0') {
      return ::timegm(&parts);
    }
  }
  return std::nullopt;
}

std::optional<std::string> header_of(const net::ClientAnswer& answer, std::string_view wanted) {
  for (const auto& [name, value] : answer.headers) {
    if (name == wanted) {
      return value;
    }
  }
  return std::nullopt;
}

// Whole seconds, or a date: by the server's clock where the answer has it, which need not agree
// with ours.
std::optional<Duration> retry_after_of(const net::ClientAnswer& answer, Timestamp now) {
  const std::optional<std::string> value = header_of(answer, "retry-after");
  if (!value) {
    return std::nullopt;
  }
  uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), seconds);
  if (error == std::errc{} && end == value->data() + value->size()) {
    return std::min<Duration>(std::chrono::seconds(seconds), kRetryAfterMax);
  }
  const std::optional<int64_t> until = date_of(*value);
  if (!until) {
    return std::nullopt;
  }
  const std::optional<int64_t> servers_now = date_of(header_of(answer, "date").value_or(""));
  const int64_t left = *until - servers_now.value_or(now.micros / 1'000'000);
  const int64_t most = std::chrono::duration_cast<std::chrono::seconds>(kRetryAfterMax).count();
  return std::chrono::seconds(std::clamp<int64_t>(left, 0, most));
}

std::string shown(const net::ClientAnswer& answer) {
  std::string text = fmt::format("{}", answer.status);
  if (!answer.body.empty()) {
    text += ": ";
    for (const char c : std::string_view(answer.body).substr(0, kAnswerShown)) {
      text += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return text;
}

void hide(std::string_view secret, std::string& answer) {
  for (size_t at = answer.find(secret); secret.size() > 1 && at != std::string::npos;
       at = answer.find(secret, at)) {
    answer.replace(at, secret.size(), "…");
  }
}

// Some servers repeat the path or the headers in their refusals, and they may be secrets.
void hide_secrets(const net::Url& url, const HttpSink::Settings& settings, std::string& answer) {
  constexpr size_t kLooked = 4096;  // far more than is shown
  answer.resize(std::min(answer.size(), kLooked));
  const std::string_view target = url.target;
  const size_t query = std::min(target.find('?'), target.size());
  hide(target.substr(0, query), answer);
  hide(target.substr(query), answer);
  for (const auto& [name, value] : settings.headers) {
    hide(value, answer);
    hide(std::string_view(value).substr(value.rfind(' ') + 1), answer);  // of "Bearer SECRET"
  }
}

}  // namespace

// The one table of what a status means; the README shows it.
Result<> verdict_of(const net::ClientAnswer& answer, Timestamp now) {
  const int status = answer.status;
  if (status >= 200 && status < 300) {
    return {};
  }
  if (status == 408 || status == 425 || status == 429 || status >= 500) {
    return std::unexpected(
        Error{Error::Kind::transient, shown(answer), retry_after_of(answer, now)});
  }
  if (status < 400) {
    return fatal(shown(answer) + " (redirects are not followed: set `url` to where it leads)");
  }
  switch (status) {
    case 401:
    case 403:
    case 407:
      return fatal(shown(answer) + " (check the credentials in `headers`)");
    case 404:
    case 405:
    case 410:
      return fatal(shown(answer) + " (check `url` and `method`)");
    default:
      return rejected(shown(answer));
  }
}

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

HttpSink::HttpSink(Settings settings, net::Url url, const Context& context)
    : settings_(std::move(settings)),
      url_(std::move(url)),
      clock_(context.clock),
      client_(context.http),
      tls_(context.tls),
      encoder_(context.encoder) {}

Result<std::unique_ptr<Sink>> HttpSink::make(Settings settings, const Context& context) {
  CHECK(context.encoder != nullptr);
  TRY(net::Url url, net::parse_url(settings.url));
  if (!url.tls && context.tls != net::TlsFiles{}) {
    return fatal("`tls` is for an https:// url");
  }
  for (const auto& [name, value] : settings.headers) {
    TRY(net::check_header(name, value));
  }
  return std::unique_ptr<Sink>(new HttpSink(std::move(settings), std::move(url), context));
}

SinkTraits HttpSink::traits() const {
  SinkTraits traits;
  traits.events_max = settings_.body == "event" ? 1 : 500;
  traits.lanes = 8;
  return traits;
}

Result<> HttpSink::open(const Resume&, Stop) {
  return client_.check(tls_);
}

Result<std::vector<Failure>> HttpSink::write(const Batch& batch, Stop stop) {
  if (settings_.body != "event") {
    return write_together(batch, stop);
  }
  std::vector<Failure> failures;
  for (uint32_t i = 0; i < batch.events.size(); ++i) {
    if (auto outcome = write_one(*batch.events[i], stop); !outcome) {
      failures.push_back({.index = i, .error = std::move(outcome).error()});
    }
  }
  return failures;
}

Result<> HttpSink::write_one(const Event& event, const Stop& stop) const {
  std::string body;
  TRY(encoder_->encode(event, body));
  return send(std::move(body), header_value_of(event.id), encoder_->content_type(), stop);
}

// A refusal of the whole is bisected by the engine, so the key must name exactly these events.
Result<std::vector<Failure>> HttpSink::write_together(const Batch& batch, const Stop& stop) const {
  const bool array = settings_.body == "array";
  std::vector<Failure> failures;
  std::string body = array ? "[" : "";
  std::string ids;
  for (uint32_t i = 0; i < batch.events.size(); ++i) {
    const size_t before = body.size();
    if (array && !ids.empty()) {
      body += ',';
    }
    if (auto outcome = encoder_->encode(*batch.events[i], body); !outcome) {
      body.resize(before);
      failures.push_back({.index = i, .error = std::move(outcome).error()});
      continue;
    }
    if (!array) {
      body += '\n';
    }
    ids += fmt::format("{}:{};", batch.events[i]->id.size(), batch.events[i]->id);
  }
  if (ids.empty()) {
    return failures;
  }
  body += array ? "]" : "";
  TRY(send(std::move(body), sha256_hex(ids), array ? "application/json" : "application/x-ndjson",
           stop));
  return failures;
}

Result<> HttpSink::send(std::string body, const std::string& key, std::string_view content_type,
                        const Stop& stop) const {
  net::ClientRequest request{
      .method = settings_.method,
      .url = settings_.url,
      .headers = {{"Content-Type", std::string(content_type)}, {"Idempotency-Key", key}},
      .body = std::move(body),
      .deadline = settings_.timeout,
      .tls = tls_};
  request.headers.insert(request.headers.end(), settings_.headers.begin(), settings_.headers.end());
  TRY(net::ClientAnswer answer, client_.send(request, stop));
  if (answer.status >= 300) {
    hide_secrets(url_, settings_, answer.body);
  }
  auto verdict = verdict_of(answer, clock_.wall());
  if (!verdict) {
    verdict.error().what =
        fmt::format("{} {}: {}", settings_.method, net::shown(url_), verdict.error().what);
  }
  return verdict;
}

}  // namespace penstock::http
