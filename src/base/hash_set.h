// HashSet: a small set of hashes that is filled and emptied over and over: open addressing, emptied
// by moving to a new stamp. One thread at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "base/hash.h"

namespace penstock {

class HashSet {
 public:
  // Empties it and makes room for this many; insert() must not go beyond.
  void start(size_t most) {
    size_t size = 16;
    while (size < most * 2) {
      size *= 2;
    }
    if (places_.size() < size || ++stamp_ == 0) {
      places_.assign(size, Place{});
      stamp_ = 1;
    }
  }
  bool contains(const Hash128& hash) const {
    const size_t mask = places_.size() - 1;
    for (size_t at = hash.low & mask; places_[at].stamp == stamp_; at = (at + 1) & mask) {
      if (places_[at].hash == hash) {
        return true;
      }
    }
    return false;
  }
  // False: it is already in.
  bool insert(const Hash128& hash) {
    const size_t mask = places_.size() - 1;
    for (size_t at = hash.low & mask;; at = (at + 1) & mask) {
      if (places_[at].stamp != stamp_) {
        places_[at] = {hash, stamp_};
        return true;
      }
      if (places_[at].hash == hash) {
        return false;
      }
    }
  }

 private:
  struct Place {
    Hash128 hash;
    uint32_t stamp = 0;
  };
  std::vector<Place> places_;
  uint32_t stamp_ = 0;
};

}  // namespace penstock
