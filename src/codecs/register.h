// The one call that makes every format of this build known to a registry.
#pragma once

#include "core/registry.h"

namespace penstock {

void register_codecs(Registry& registry);

}  // namespace penstock
