// Transform: a pure step between reading and the sinks. Immutable after make(): any thread.
#pragma once

#include <vector>

#include "core/event.h"

namespace penstock {

class Transform {
 public:
  virtual ~Transform() = default;
  // Appends what becomes of `in` to `out`: nothing (filtered), one, or several copies. New bytes go
  // into the arena. An error of kind `rejected` rejects the event.
  virtual Result<> apply(const Event& in, Arena& arena, std::vector<Event>& out) const = 0;
};

}  // namespace penstock
