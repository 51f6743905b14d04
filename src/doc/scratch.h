// Scratch: the buffer in which a reader of this folder builds the BSON of one document before it is
// copied, in its exact size, to the arena. Owned by a reader's state; one thread.
#pragma once

#include <bit>
#include <cstddef>
#include <memory>

namespace penstock::doc {

class Scratch {
 public:
  // The begin of room for whatever a JSON text of that size holds, and for copies in blocks of 16
  // bytes behind it. What was in the room before is forgotten.
  char* room_for(size_t text_size) {
    const size_t needed = kGrowthMax * text_size + kSlack;
    const bool is_wasteful = capacity_ > kKept && needed <= kKept;
    if (needed > capacity_ || is_wasteful) [[unlikely]] {
      bytes_.reset();
      capacity_ = 0;  // stays so when there is no memory
      bytes_ = std::make_unique_for_overwrite<char[]>(std::bit_ceil(needed));
      capacity_ = std::bit_ceil(needed);
    }
    return bytes_.get();
  }

 private:
  // Nothing grows more than an array of -0: three bytes of text become 27, which are the type, an
  // index of nine digits, NUL and a decimal128.
  static constexpr size_t kGrowthMax = 9;
  static constexpr size_t kSlack = 128;
  static constexpr size_t kKept = size_t{4} << 20;

  std::unique_ptr<char[]> bytes_;
  size_t capacity_ = 0;
};

}  // namespace penstock::doc
