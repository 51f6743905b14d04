#include "transforms/register.h"

#include "transforms/filter.h"
#include "transforms/parse.h"

namespace penstock {

void register_transforms(Registry& registry) {
  Registry::add<transforms::Parse>(
      registry.transforms, "parse",
      "Makes a JSON payload the event's document `after`; the payload stays beside it as it came.");
  Registry::add<transforms::Filter>(registry.transforms, "filter",
                                    "Lets only events pass that match a pattern.");
}

}  // namespace penstock
