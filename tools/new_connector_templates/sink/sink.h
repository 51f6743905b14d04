// @Name@Sink: sends batches of events to @name@. Owned by its pipeline; write() runs on several
// threads at once, and everything it uses is immutable or may be used by any thread.
#pragma once

#include <memory>
#include <string>

#include "config/fields.h"
#include "core/codec.h"
#include "core/context.h"
#include "core/sink.h"
#include "net/http_client.h"

namespace penstock::@name@ {

class @Name@Sink final : public Sink {
 public:
  struct Settings {
    std::string endpoint;
    void fields(config::FieldVisitor& visitor);
  };
  static Result<std::unique_ptr<Sink>> make(Settings settings, const Context& context);

  SinkTraits traits() const override;
  Result<> open(const Resume& /*resume*/, Stop /*stop*/) override { return {}; }
  Result<std::vector<Failure>> write(const Batch& batch, Stop stop) override;

 private:
  @Name@Sink(Settings settings, const Context& context);
  Result<net::ClientAnswer> send(std::string body, Instant deadline, const Stop& stop) const;

  const Settings settings_;
  Clock& clock_;
  net::HttpClient& client_;
  const std::shared_ptr<const Encoder> encoder_;
};

}  // namespace penstock::@name@
