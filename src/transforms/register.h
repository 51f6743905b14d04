// The one call that makes every transform of this build known to a registry.
#pragma once

#include "core/registry.h"

namespace penstock {

void register_transforms(Registry& registry);

}  // namespace penstock
