// Cases of the contract suites that fail and are known to, with the number of the fault. The suite
// fails once one of them passes: what mends it takes its entry out.
#pragma once

#include <array>

#include "testing/contract.h"

namespace penstock::contract {

inline constexpr std::array<KnownFailure, 0> kKnownFailures = {};

}  // namespace penstock::contract
