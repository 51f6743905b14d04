// Cases of the contract suites that fail and are known to, with the number of the fault. The suite
// fails once one of them passes: what mends it takes its entry out.
#pragma once

#include <array>

#include "testing/contract.h"

namespace penstock::contract {

inline constexpr auto kKnownFailures = std::to_array<KnownFailure>({
    // The write deadline of the contract: nothing bounds a pipe.
    {"stdout", "deadline", "Batch::deadline"},
});

}  // namespace penstock::contract
