// The probes of a simulation: which rare branches were reached.
// The simulator runs on one thread.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace penstock::sim {

// Every rare branch that the seeds must reach, with how often they did.
std::span<const std::string_view> expected_probes();
const std::map<std::string, uint64_t, std::less<>>& probes();

}  // namespace penstock::sim
