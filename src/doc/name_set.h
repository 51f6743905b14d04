// NameSet: finds repeated names in nested objects while they are read. Short objects are checked at
// each name by a small filter, long ones as a whole by sorting, so that no input makes it slow.
// Owned by a reader's state; one thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace penstock::doc {

class NameSet {
 public:
  void clear() {
    names_.clear();
    levels_.clear();
  }
  void open() { levels_.push_back({0, 0, names_.size()}); }
  // False: the object has this name already. The view must live until close(), with 8 readable
  // bytes from its first on.
  bool add(std::string_view name) {
    Level& level = levels_.back();
    const uint64_t hash = hash_of(name);
    uint64_t& word = (hash >> 63) != 0 ? level.filter_high : level.filter_low;
    const uint64_t bit = uint64_t{1} << (hash >> 57 & 63);
    if ((word & bit) != 0 && !add_similar(level, name)) [[unlikely]] {
      return false;
    }
    word |= bit;
    names_.push_back(name);
    return true;
  }
  // False: a name was repeated.
  bool close() {
    const size_t first = levels_.back().first;
    const bool is_unique = names_.size() - first <= kShort || is_unique_from(first);
    names_.resize(first);
    levels_.pop_back();
    return is_unique;
  }

 private:
  struct Level {
    uint64_t filter_low;
    uint64_t filter_high;
    size_t first;  // its names begin here
  };
  static constexpr size_t kShort = 32;

  static uint64_t hash_of(std::string_view name) {
    uint64_t word = 0;
    std::memcpy(&word, name.data(), sizeof word);
    if (name.size() < 8) {
      word &= ~(~uint64_t{0} << (8 * name.size()));
    }
    return (word + name.size()) * 0x9E3779B97F4A7C15U;
  }
  bool add_similar(const Level& level, std::string_view name) const;
  bool is_unique_from(size_t first);

  std::vector<std::string_view> names_;  // of all open objects
  std::vector<Level> levels_;
};

}  // namespace penstock::doc
