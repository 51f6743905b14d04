#include "transforms/register.h"

#include "transforms/filter.h"
#include "transforms/parse.h"
#include "transforms/remove.h"
#include "transforms/rename.h"
#include "transforms/set.h"

namespace penstock {

void register_transforms(Registry& registry) {
  Registry::add<transforms::Parse>(
      registry.transforms, "parse",
      "Makes a JSON payload the event's document `after`; the payload stays beside it as it came.");
  Registry::add<transforms::Filter>(registry.transforms, "filter",
                                    "Lets only events pass that match a pattern.");
  Registry::add<transforms::Set>(
      registry.transforms, "set",
      "Gives values to places of the event: literals, or text with placeholders. An image that an "
      "event does not have is not made.");
  Registry::add<transforms::Remove>(registry.transforms, "remove",
                                    "Takes values, or whole images, out of the event.");
  Registry::add<transforms::Rename>(registry.transforms, "rename",
                                    "Moves values of the documents to other names.");
}

}  // namespace penstock
