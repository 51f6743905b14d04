// The lake of the simulator: the real `files` sink on the simulated disk, with faults around it.
#pragma once

#include <memory>

#include "core/sink.h"
#include "sim/world.h"

namespace penstock::sim {

std::unique_ptr<Sink> make_lake(World& world, uint32_t sink);

}  // namespace penstock::sim
