// Named faults and probes of the simulator. In the released program both are constants that the
// compiler removes; in the simulator's build of the engine (PENSTOCK_SIMULATION) a mutation breaks
// one rule on purpose, to show that the checks find it, and a probe counts that a rare branch ran.
#pragma once

#include <string_view>

namespace penstock {

#ifdef PENSTOCK_SIMULATION
bool mutated(std::string_view name);
void probe(std::string_view name);
#define PROBE(name) ::penstock::probe(name)
#else
constexpr bool mutated(std::string_view) {
  return false;
}
#define PROBE(name) static_cast<void>(0)
#endif

}  // namespace penstock
