// PROBE: marks a rare branch. In the simulator's build (PENSTOCK_SIMULATION) it counts that the
// branch ran, so that the seeds can be asked whether they reach it; in every other it is nothing.
#pragma once

#include <string_view>

#ifdef PENSTOCK_SIMULATION
namespace penstock {
void probe(std::string_view name);
}  // namespace penstock
#define PROBE(name) ::penstock::probe(name)
#else
#define PROBE(name) static_cast<void>(0)
#endif
