// The one call that makes every connector of this build known to a registry.
#pragma once

#include "core/registry.h"

namespace penstock {

void register_connectors(Registry& registry);

}  // namespace penstock
