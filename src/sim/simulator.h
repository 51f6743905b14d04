// simulate: one seed. The real engine runs over a World: its actions are executed in an order and
// with faults drawn from the seed, processes and machines die at any step, and the promises are
// checked at each. Deterministic: the same seed and mutation give the same result.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace penstock::sim {

struct Outcome {
  std::optional<std::string> violation;  // the first broken promise
  uint64_t steps = 0;
  uint32_t runs = 0;
  uint32_t crashes = 0;
  uint32_t sinks = 0;
  uint64_t events = 0;
};

Outcome simulate(uint64_t seed);
// What the seed draws, for people.
std::string describe(uint64_t seed);

}  // namespace penstock::sim
