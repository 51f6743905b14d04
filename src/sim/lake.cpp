#include "sim/lake.h"

namespace penstock::sim {

std::unique_ptr<Sink> make_lake(World&, uint32_t) {
  return nullptr;
}

}  // namespace penstock::sim
