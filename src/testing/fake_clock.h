// FakeClock: a clock that stands still until a test sets it or moves it on. Any thread.
#pragma once

#include <atomic>

#include "base/time.h"

namespace penstock {

class FakeClock final : public Clock {
 public:
  explicit FakeClock(Timestamp wall = {1'706'702'400'000'000}) : wall_micros_(wall.micros) {}

  Instant now() override { return {Duration(now_.load())}; }
  Timestamp wall() override { return {wall_micros_.load()}; }

  // Both clocks go on by this.
  void advance(Duration by) {
    now_ += by.count();
    wall_micros_ += std::chrono::duration_cast<std::chrono::microseconds>(by).count();
  }
  // The wall clock is set, as an operator or a time server does; the monotonic one is not.
  void set_wall(Timestamp wall) { wall_micros_ = wall.micros; }

 private:
  std::atomic<int64_t> now_{0};  // nanoseconds
  std::atomic<int64_t> wall_micros_;
};

}  // namespace penstock
