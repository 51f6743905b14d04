#include "connectors/@name@/source.h"
#include "core/registry.h"

namespace penstock {

void register_@name@(Registry& registry);

void register_@name@(Registry& registry) {
  Registry::add<@name@::@Name@Source>(registry.sources, "@name@",
                                      "Reads the records of @name@, in their order.");
}

}  // namespace penstock
