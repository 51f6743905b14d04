// What the commands that change a checkpoint share. Main thread.
#pragma once

#include <optional>

#include "cli/operate.h"
#include "cli/options.h"

namespace penstock::cli {

// The checkpoint under its lease.
Result<Checkpoint> load_leased(CheckpointStore& store);

// Of options.part: to the position, or forgotten.
Exit change_part(Program& program, const Options& options, const std::optional<Position>& position);

}  // namespace penstock::cli
