#include "connectors/event_store/sink.h"
#include "connectors/event_store/source.h"
#include "connectors/register_all.h"

namespace penstock {

void register_event_store(Registry& registry);

void register_event_store(Registry& registry) {
  Registry::add<event_store::EventStoreSource>(
      registry.sources, "event_store",
      "Follows an event store: every stored event, in the order in which it was stored.");
  Registry::add<event_store::EventStoreSink>(
      registry.sinks, "event_store",
      "Keeps every event as a row of an SQLite file, once, in the order in which it came.");
}

}  // namespace penstock
