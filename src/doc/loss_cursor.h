// LossCursor: finds, while a document is written from its first value to its last, the losses that
// belong to each value. Losses are in the order of their values. Internal; one thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "doc/document.h"

namespace penstock::doc {

class LossCursor {
 public:
  explicit LossCursor(std::span<const Loss> losses) : losses_(losses) {}

  // False: there are no losses, and nothing of this need be called.
  bool is_active() const { return is_active_; }
  // Moves to the value of this name on the current level.
  void at(std::string_view name);
  void enter() { levels_.push_back(path_.size()); }  // into that value
  void leave() { levels_.pop_back(); }

  // What is lost of the value that at() moved to; nullptr: nothing of that kind.
  const Loss* name() const { return name_; }
  const Loss* number() const { return number_; }
  const Loss* set() const { return set_; }

 private:
  std::span<const Loss> losses_;  // those not yet met
  bool is_active_ = !losses_.empty();
  std::string path_;
  std::vector<size_t> levels_;  // the path's length at each open value
  const Loss* name_ = nullptr;
  const Loss* number_ = nullptr;
  const Loss* set_ = nullptr;
};

}  // namespace penstock::doc
