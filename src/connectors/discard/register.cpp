#include "connectors/discard/discard_sink.h"
#include "core/registry.h"

namespace penstock {

Result<std::unique_ptr<Sink>> DiscardSink::make(Settings /*settings*/, const Context& /*context*/) {
  return std::make_unique<DiscardSink>();
}

void register_discard(Registry& registry);

void register_discard(Registry& registry) {
  Registry::add<DiscardSink>(registry.sinks, "discard",
                             "Takes everything and keeps nothing, in batches of at most 500, "
                             "ordered by key.");
}

}  // namespace penstock
