// TestSignal: counts a Signal's calls and lets a test wait for the next one. Owned by the test; any
// thread.
#pragma once

#include <condition_variable>
#include <mutex>

#include "core/source.h"

namespace penstock::inbox {

class TestSignal {
 public:
  Signal signal() {
    return Signal([this] {
      {
        const std::lock_guard guard(mutex_);
        ++calls_;
      }
      called_.notify_all();
    });
  }
  int calls() {
    const std::lock_guard guard(mutex_);
    return calls_;
  }
  // For a call that no wait() has met yet. Without one the test hangs, and shows that it was lost.
  void wait() {
    std::unique_lock lock(mutex_);
    called_.wait(lock, [this] { return calls_ > met_; });
    met_ = calls_;
  }

 private:
  std::mutex mutex_;  // guards what follows
  std::condition_variable called_;
  int calls_ = 0;
  int met_ = 0;
};

}  // namespace penstock::inbox
