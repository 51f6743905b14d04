// Which deliberate fault is on, in programs that are built from the copies of the sources that
// tools/mutants.py makes: that of the environment variable PENSTOCK_MUTANT. Any thread.
#pragma once

#include <string_view>

namespace penstock::sim {

bool is_mutant(std::string_view name);

}  // namespace penstock::sim
