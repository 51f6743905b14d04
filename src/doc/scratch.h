// Scratch: the growing buffer in which a reader of this folder builds the BSON of one document
// before it is copied, in its exact size, to the arena. Owned by a reader's state; one thread.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace penstock::doc {

class Scratch {
 public:
  // Every reserve() leaves this much more, for copies in blocks of 16 bytes.
  static constexpr size_t kSlack = 64;

  // A place for `size` bytes and the slack; positions stay, pointers do not.
  char* reserve(size_t size) {
    if (static_cast<size_t>(end_ - at_) < size + kSlack) [[unlikely]] {
      grow(size + kSlack);
    }
    return at_;
  }
  void advance_to(char* at) { at_ = at; }
  char* at() const { return at_; }
  size_t size() const { return static_cast<size_t>(at_ - bytes_.get()); }
  char* from(size_t position) const { return bytes_.get() + position; }
  size_t position(const char* at) const { return static_cast<size_t>(at - bytes_.get()); }
  void truncate(size_t position) { at_ = bytes_.get() + position; }
  std::string_view view(size_t position) const {
    return {bytes_.get() + position, size() - position};
  }
  // Empty again; gives memory of a very long document back.
  void clear() {
    if (static_cast<size_t>(end_ - bytes_.get()) > kKept) [[unlikely]] {
      bytes_.reset();
      at_ = end_ = nullptr;
    }
    at_ = bytes_.get();
  }

 private:
  static constexpr size_t kKept = size_t{4} << 20;
  void grow(size_t more) {
    const size_t used = size();
    const size_t capacity = std::bit_ceil(used + more + 4096);
    auto bytes = std::make_unique_for_overwrite<char[]>(capacity);
    if (used != 0) {
      std::memcpy(bytes.get(), bytes_.get(), used);
    }
    bytes_ = std::move(bytes);
    at_ = bytes_.get() + used;
    end_ = bytes_.get() + capacity;
  }

  std::unique_ptr<char[]> bytes_;
  char* at_ = nullptr;
  char* end_ = nullptr;
};

}  // namespace penstock::doc
