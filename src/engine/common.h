// Common: what all rooms of a pipeline use. Owned by the pipeline; used under the runner's lock.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "engine/spec.h"
#include "engine/timers.h"

namespace penstock::engine {

struct Notice {  // for the log, written by the runner once its lock is free
  Log::Level level;
  std::string what;
};

struct Common {
  explicit Common(const PipelineSpec& of) : spec(of), random(of.seed) {}

  const PipelineSpec& spec;
  Timers timers;
  std::vector<Notice> notices;
  Random random;
};

}  // namespace penstock::engine
