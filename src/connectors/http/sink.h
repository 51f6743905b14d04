// HttpSink: sends events to a url. Owned by its pipeline; write() runs on several threads at once,
// and everything it uses is immutable or may be used by any thread.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>

#include "config/fields.h"
#include "core/codec.h"
#include "core/context.h"
#include "core/sink.h"
#include "net/address.h"
#include "net/http_client.h"
#include "net/verdict.h"

namespace penstock::http {

// A header value made of an event's id: bytes that cannot stand in a header as %XX, and what is
// too long cut, with a hash.
std::string header_value_of(std::string_view id);

class HttpSink final : public Sink {
 public:
  static constexpr bool kTakesTls = true;
  struct Settings {
    std::string url;
    std::string method = "POST";
    std::map<std::string, std::string> headers;
    Duration timeout = 30s;
    std::string body = "event";
    void fields(config::FieldVisitor& visitor);
  };

  static Result<std::unique_ptr<Sink>> make(Settings settings, const Context& context);

  SinkTraits traits() const override;
  Result<> open(const Resume& resume, Stop stop) override;
  Result<std::vector<Failure>> write(const Batch& batch, Stop stop) override;

 private:
  // What became of requests, by the class of the answer's status.
  class Answers {
   public:
    explicit Answers(const Context& context);
    void count(const Result<net::ClientAnswer>& answer) const;

   private:
    std::array<Counter, 4> classes_;  // 2xx to 5xx
    Counter other_, none_;
  };

  HttpSink(Settings settings, const net::Url& url, const Context& context);
  Result<> send(std::string body, const std::string& key, std::string_view content_type,
                Instant deadline, const Stop& stop) const;

  const Settings settings_;
  const std::string shown_;  // method and url, for messages
  const net::Secrets secrets_;
  Clock& clock_;
  net::HttpClient& client_;
  const net::TlsFiles tls_;
  const Answers answers_;
  const std::shared_ptr<const Encoder> encoder_;
};

}  // namespace penstock::http
