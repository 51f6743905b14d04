// Fifo: a queue in one growing ring, so that a queue in steady state allocates nothing.
// One thread at a time.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/check.h"

namespace penstock {

template <class T>
class Fifo {
 public:
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  T& front() { return ring_[head_]; }
  const T& front() const { return ring_[head_]; }
  T& operator[](size_t i) { return ring_[(head_ + i) & (ring_.size() - 1)]; }
  const T& operator[](size_t i) const { return ring_[(head_ + i) & (ring_.size() - 1)]; }

  void push_back(T value) {
    if (size_ == ring_.size()) {
      grow();
    }
    ring_[(head_ + size_) & (ring_.size() - 1)] = std::move(value);
    ++size_;
  }
  void push_front(T value) {
    if (size_ == ring_.size()) {
      grow();
    }
    head_ = (head_ + ring_.size() - 1) & (ring_.size() - 1);
    ring_[head_] = std::move(value);
    ++size_;
  }
  T pop_front() {
    CHECK(size_ > 0);
    T value = std::move(ring_[head_]);
    head_ = (head_ + 1) & (ring_.size() - 1);
    --size_;
    return value;
  }

 private:
  void grow() {
    std::vector<T> larger(ring_.empty() ? 8 : ring_.size() * 2);
    for (size_t i = 0; i < size_; ++i) {
      larger[i] = std::move((*this)[i]);
    }
    ring_ = std::move(larger);
    head_ = 0;
  }

  std::vector<T> ring_;  // its size is a power of two
  size_t head_ = 0;
  size_t size_ = 0;
};

}  // namespace penstock
