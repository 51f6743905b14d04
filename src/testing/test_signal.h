// TestSignal: counts a Signal's calls and lets a test wait for the next one. Owned by the test; any
// thread.
#pragma once

#include "base/mutex.h"
#include "core/source.h"

namespace penstock {

class TestSignal {
 public:
  Signal signal() {
    return Signal([this] {
      {
        const MutexLock lock(mutex_);
        ++calls_;
      }
      called_.notify_all();
    });
  }
  int calls() {
    const MutexLock lock(mutex_);
    return calls_;
  }
  // For a call that no wait has met yet. Without one the test hangs, and shows that it was lost.
  void wait() {
    const MutexLock lock(mutex_);
    called_.wait(mutex_, [this]() REQUIRES(mutex_) { return calls_ > met_; });
    met_ = calls_;
  }
  // The same; false: there was none in that time.
  bool wait_for(Duration timeout) {
    const MutexLock lock(mutex_);
    const bool called =
        called_.wait_for(mutex_, timeout, [this]() REQUIRES(mutex_) { return calls_ > met_; });
    met_ = calls_;
    return called;
  }

 private:
  Mutex mutex_;
  Condition called_;
  int calls_ GUARDED_BY(mutex_) = 0;
  int met_ GUARDED_BY(mutex_) = 0;
};

}  // namespace penstock
