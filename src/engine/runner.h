// Runner: executes the actions of pipelines on threads. All threads of the engine live in
// runner.cpp. Each method may be called from any thread.
#pragma once

#include <memory>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "engine/assembly.h"
#include "engine/status.h"

namespace penstock::engine {

class Runner {
 public:
  virtual ~Runner() = default;
  // Starts reading; the pipeline runs until its end, a failure, or stop().
  virtual void start() = 0;
  virtual void stop() = 0;   // drain: stop reading, flush, save, commit, end
  virtual void abort() = 0;  // end now, within a second; what is unsettled comes again next time
  virtual bool wait(Duration timeout) = 0;  // true once ended
  virtual Status status() = 0;

  static std::unique_ptr<Runner> make(Assembly assembly, Clock& clock, Log& log);
};

}  // namespace penstock::engine
