// @Name@Sink: sends batches of events to @name@. Owned by its pipeline; write() runs on several
// threads at once, and everything it uses is immutable or may be used by any thread.
#pragma once

#include <memory>
#include <string>

#include "config/fields.h"
#include "core/batch_request.h"
#include "core/codec.h"
#include "core/context.h"
#include "core/sink.h"
#include "net/http_client.h"
#include "net/verdict.h"

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
  @Name@Sink(Settings settings, const net::Url& url, const Context& context);
  Result<std::vector<Failure>> send(BatchRequest& request, Instant deadline,
                                    const Stop& stop) const;

  const Settings settings_;
  net::Secrets secrets_;  // what the service may repeat in a refusal and nobody may see
  Clock& clock_;
  net::HttpClient& client_;
  const std::shared_ptr<const Encoder> encoder_;
};

}  // namespace penstock::@name@
