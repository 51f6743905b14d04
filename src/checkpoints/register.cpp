#include "checkpoints/register.h"

#include "checkpoints/memory.h"
#include "checkpoints/sqlite.h"

namespace penstock {

void register_checkpoints(Registry& registry) {
  Registry::add<SqliteCheckpoints>(
      registry.checkpoints, "sqlite",
      "Keeps checkpoints in an SQLite file. Several pipelines may share one file; one process "
      "runs a pipeline at a time.");
  Registry::add<MemoryCheckpoints>(
      registry.checkpoints, "memory",
      "Keeps the checkpoint in memory. Every start begins anew: for trials and tests.");
}

}  // namespace penstock
