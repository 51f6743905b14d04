// Signals: SIGINT, SIGTERM and SIGHUP as something to ask for, not something that interrupts. Main
// thread; made before any other thread, which then has them blocked too.
#pragma once

#include "base/time.h"

namespace penstock::cli {

class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Signals that came since the last call.
  int take();
  // The same, after waiting at most this long for one.
  int wait(Duration time);

 private:
  int descriptor_;
};

}  // namespace penstock::cli
