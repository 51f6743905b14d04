// supervise: looks after running pipelines until all have ended: signals, the progress line, what
// changed its state. Main thread.
#pragma once

#include <memory>
#include <vector>

#include "engine/runner.h"
#include "run/program.h"
#include "run/signals.h"

namespace penstock::run {

struct SuperviseOptions {
  bool fail_fast = false;
};

std::vector<engine::Status> statuses_of(
    const std::vector<std::unique_ptr<engine::Runner>>& runners);

// The runners are started already. The worst outcome of all.
Exit supervise(Program& program, std::vector<std::unique_ptr<engine::Runner>>& runners,
               Signals& signals, const SuperviseOptions& options);

}  // namespace penstock::run
