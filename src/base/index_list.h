// IndexList: indices that wait for their turn, each at most once. In steady state it allocates
// nothing. One thread at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/fifo.h"

namespace penstock {

class IndexList {
 public:
  bool empty() const { return list_.empty(); }
  bool contains(uint32_t index) const { return index < listed_.size() && listed_[index]; }
  uint32_t front() const { return list_.front(); }

  // False: it stands in it already.
  bool push(uint32_t index) {
    if (contains(index)) {
      return false;
    }
    listed_.resize(std::max<size_t>(listed_.size(), index + 1));
    listed_[index] = true;
    list_.push_back(index);
    return true;
  }
  std::optional<uint32_t> pop() {
    if (list_.empty()) {
      return std::nullopt;
    }
    const uint32_t index = list_.pop_front();
    listed_[index] = false;
    return index;
  }

 private:
  Fifo<uint32_t> list_;
  std::vector<bool> listed_;
};

}  // namespace penstock
