// supervise: looks after running pipelines until all have ended: signals, the progress line, what
// changed its state. Main thread.
#pragma once

#include <memory>
#include <vector>

#include "cli/program.h"
#include "cli/signals.h"
#include "engine/runner.h"

namespace penstock::cli {

struct SuperviseOptions {
  bool fail_fast = false;
};

std::vector<engine::Status> statuses_of(
    const std::vector<std::unique_ptr<engine::Runner>>& runners);

// The runners are started already. The worst outcome of all.
Exit supervise(Program& program, std::vector<std::unique_ptr<engine::Runner>>& runners,
               Signals& signals, const SuperviseOptions& options);

}  // namespace penstock::cli
