// QuarantineSet: the events' own order keys whose later changes follow into the dead letters, at
// one sink. Events without a key are never in it. Used under the runner's lock.
#pragma once

#include <unordered_set>

#include "core/event.h"

namespace penstock::engine {

class QuarantineSet {
 public:
  bool insert(const OrderKey& key) { return !key.is_zero() && keys_.insert(key).second; }
  bool contains(const Event& event) const {
    return !keys_.empty() && keys_.contains(event.order_key);
  }
  bool empty() const { return keys_.empty(); }

 private:
  std::unordered_set<OrderKey, Hash128Hasher> keys_;
};

}  // namespace penstock::engine
