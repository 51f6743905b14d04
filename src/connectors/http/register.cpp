#include "connectors/http/sink.h"
#include "core/registry.h"

namespace penstock {

void register_http(Registry& registry) {
  Registry::add<http::HttpSink>(
      registry.sinks, "http",
      "Sends each event to a url, with its id as Idempotency-Key, or batches of them. Its "
      "format is `event` by default.");
}

}  // namespace penstock
