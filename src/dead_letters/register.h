// Makes the dead letter stores of this folder known to a registry. Called once, at start.
#pragma once

#include "core/registry.h"

namespace penstock {

void register_dead_letters(Registry& registry);

}  // namespace penstock
