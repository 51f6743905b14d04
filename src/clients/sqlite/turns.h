// Turns: who of this process writes to an SQLite file next, in the order they asked. SQLite has a
// waiting writer look again at intervals, so that a busy one takes all and the others fail. This is
// for fairness only: SQLite's own lock decides, also between processes. Shared by the connections
// to a file; any thread.
#pragma once

#include <deque>

#include "base/mutex.h"
#include "base/result.h"

namespace penstock::sqlite {

class Turns {
 public:
  // Waits until all who asked before have given back or given up: `cancelled` by the stop,
  // `transient` after kWaitMax.
  Result<> take(const Stop& stop);
  void give_back();
  size_t size();  // who has it, and who waits

 private:
  static constexpr Duration kWaitMax = 10s;  // shorter than a write's deadline

  Mutex mutex_;
  StoppableCondition changed_;
  std::deque<uint64_t> tickets_ GUARDED_BY(mutex_);  // the first has the turn
  uint64_t next_ GUARDED_BY(mutex_) = 0;
};

}  // namespace penstock::sqlite
