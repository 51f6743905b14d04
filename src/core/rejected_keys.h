// RejectedKeys: for a sink that keeps order inside a write. What comes after a rejected event of
// its key is not written with it: first it is decided what becomes of that one. One write's; one
// thread.
#pragma once

#include <unordered_set>
#include <vector>

#include "core/sink.h"

namespace penstock {

class RejectedKeys {
 public:
  // True: the event is not to be written, and was named as such.
  bool hold_back(const Event& event, uint32_t index, std::vector<Failure>& failures) const {
    return !keys_.empty() && is_held_back(event, index, failures);
  }
  // As note() of core/batch_request.h, of this event.
  Result<> note(Result<> outcome, const Event& event, uint32_t index,
                std::vector<Failure>& failures);

 private:
  bool is_held_back(const Event& event, uint32_t index, std::vector<Failure>& failures) const;

  std::unordered_set<OrderKey, Hash128Hasher> keys_;
};

}  // namespace penstock
