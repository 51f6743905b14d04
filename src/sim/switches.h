// The switches of a simulation: which mutation is on, and which probes were reached.
// The simulator runs on one thread.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace penstock::sim {

// Every rule that a mutation breaks on purpose; "" in its place: the engine as it is released.
std::span<const std::string_view> mutations();
void set_mutation(std::string_view name);

// Every rare branch that the seeds must reach, with how often they did.
std::span<const std::string_view> expected_probes();
const std::map<std::string, uint64_t, std::less<>>& probes();

}  // namespace penstock::sim
