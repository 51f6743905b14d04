// Mutex, MutexLock, MutexUnlock and conditions that clang's thread-safety analysis understands: a
// member says GUARDED_BY(mutex_), a function that is called with the lock says REQUIRES(mutex_),
// and the clang build (preset asan) refuses what breaks it. For g++ the annotations are nothing.
// Owned by whoever has the data that is guarded; any thread.
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/time.h"

#ifdef __clang__
#define THREAD_ANNOTATION(x) __attribute__((x))
#else
#define THREAD_ANNOTATION(x)
#endif

#define CAPABILITY(name) THREAD_ANNOTATION(capability(name))
#define SCOPED_CAPABILITY THREAD_ANNOTATION(scoped_lockable)
#define GUARDED_BY(mutex) THREAD_ANNOTATION(guarded_by(mutex))        // the member
#define PT_GUARDED_BY(mutex) THREAD_ANNOTATION(pt_guarded_by(mutex))  // what the pointer points to
#define REQUIRES(...) THREAD_ANNOTATION(requires_capability(__VA_ARGS__))  // the caller holds it
#define EXCLUDES(...) THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))       // the caller must not
#define ACQUIRE(...) THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define RELEASE(...) THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define ACQUIRED_BEFORE(...) THREAD_ANNOTATION(acquired_before(__VA_ARGS__))
// For what the analysis cannot follow; the reason stands beside it.
#define NO_THREAD_SAFETY_ANALYSIS THREAD_ANNOTATION(no_thread_safety_analysis)

namespace penstock {

class CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() ACQUIRE() { mutex_.lock(); }
  void unlock() RELEASE() { mutex_.unlock(); }

 private:
  friend class Condition;
  friend class StoppableCondition;

  std::mutex mutex_;
};

// Holds the mutex to the end of the block; unlock() and lock() in between.
class SCOPED_CAPABILITY [[nodiscard]] MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() RELEASE() {
    if (held_) {
      mutex_.unlock();
    }
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void unlock() RELEASE() {
    held_ = false;
    mutex_.unlock();
  }
  void lock() ACQUIRE() {
    mutex_.lock();
    held_ = true;
  }

 private:
  Mutex& mutex_;
  bool held_ = true;
};

// Lets go of a mutex that the caller holds, to the end of the block: for what is called or logged
// in the middle of a function that REQUIRES it.
class SCOPED_CAPABILITY [[nodiscard]] MutexUnlock {
 public:
  explicit MutexUnlock(Mutex& mutex) RELEASE(mutex) : mutex_(mutex) { mutex_.unlock(); }
  ~MutexUnlock() RELEASE() { mutex_.lock(); }  // "RELEASE" ends the scope: the mutex is held again
  MutexUnlock(const MutexUnlock&) = delete;
  MutexUnlock& operator=(const MutexUnlock&) = delete;

 private:
  Mutex& mutex_;
};

// A condition of what a mutex guards. Whoever waits holds the mutex, before and after; a predicate
// is called with it and says so: [this]() REQUIRES(mutex_) { return done_; }. The analysis cannot
// see that the predicate's mutex is the argument, hence the exception from it.
class Condition {
 public:
  void notify_one() { changed_.notify_one(); }
  void notify_all() { changed_.notify_all(); }

  void wait(Mutex& mutex) REQUIRES(mutex) {
    Held held(mutex);
    changed_.wait(held.lock);
  }
  // Until it is notified or the time is over, or for no reason.
  void wait_for(Mutex& mutex, Duration timeout) REQUIRES(mutex) {
    Held held(mutex);
    changed_.wait_for(held.lock, timeout);
  }
  template <class Done>
  void wait(Mutex& mutex, Done done) REQUIRES(mutex) NO_THREAD_SAFETY_ANALYSIS {
    Held held(mutex);
    changed_.wait(held.lock, std::move(done));
  }
  // Whether it is done.
  template <class Done>
  bool wait_for(Mutex& mutex, Duration timeout, Done done)
      REQUIRES(mutex) NO_THREAD_SAFETY_ANALYSIS {
    Held held(mutex);
    return changed_.wait_for(held.lock, timeout, std::move(done));
  }

 private:
  // What the standard library waits with: it owns the mutex only while it waits.
  struct Held {
    explicit Held(Mutex& mutex) : lock(mutex.mutex_, std::adopt_lock) {}
    ~Held() { lock.release(); }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

    std::unique_lock<std::mutex> lock;
  };

  std::condition_variable changed_;
};

// The same where a Stop ends the wait as well; it costs a lock more than a Condition.
class StoppableCondition {
 public:
  void notify_one() { changed_.notify_one(); }
  void notify_all() { changed_.notify_all(); }

  // Whether it is done; a wait without it ended by the stop, or the time.
  template <class Done>
  bool wait(Mutex& mutex, Stop stop, Done done) REQUIRES(mutex) NO_THREAD_SAFETY_ANALYSIS {
    return changed_.wait(mutex.mutex_, std::move(stop), std::move(done));
  }
  template <class Done>
  bool wait_for(Mutex& mutex, Stop stop, Duration timeout, Done done)
      REQUIRES(mutex) NO_THREAD_SAFETY_ANALYSIS {
    return changed_.wait_for(mutex.mutex_, std::move(stop), timeout, std::move(done));
  }

 private:
  std::condition_variable_any changed_;
};

}  // namespace penstock
