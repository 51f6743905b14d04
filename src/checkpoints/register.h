// Makes the checkpoint stores of this folder known to a registry. Called once, at start.
#pragma once

#include "core/registry.h"

namespace penstock {

void register_checkpoints(Registry& registry);

}  // namespace penstock
