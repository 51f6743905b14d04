#include "connectors/@name@/sink.h"
#include "core/registry.h"

namespace penstock {

void register_@name@(Registry& registry);

void register_@name@(Registry& registry) {
  Registry::add<@name@::@Name@Sink>(registry.sinks, "@name@",
                                    "Sends events to @name@, in batches.");
}

}  // namespace penstock
