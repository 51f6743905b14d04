#include "sim/mutated.h"

#include <cstdlib>
#include <string>

namespace penstock::sim {

bool is_mutant(std::string_view name) {
  static const std::string chosen = [] {
    const char* const value = std::getenv("PENSTOCK_MUTANT");
    return std::string(value == nullptr ? "" : value);
  }();
  return name == chosen;
}

}  // namespace penstock::sim
