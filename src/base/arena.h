// Arena: the memory of one read batch. Everything that the events of a batch point into lives in
// one of these; it is freed (or reused) as a whole. One thread fills it; once frozen, any thread
// reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace penstock {

class Arena {
 public:
  // Every block has this many readable bytes behind what was asked for: SIMD parsers read ahead.
  static constexpr size_t kPadding = 64;

  explicit Arena(size_t block_bytes = size_t{256} << 10) : block_bytes_(block_bytes) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Uninitialised bytes, aligned to 8, valid until clear(); kPadding readable bytes follow.
  char* allocate(size_t size) {
    const size_t rounded = (size + 7) & ~size_t{7};
    if (rounded > left_) [[unlikely]] {
      grow(rounded);
    }
    char* const at = next_;
    next_ += rounded;
    left_ -= rounded;
    return at;
  }
  // Gives back the tail of the newest allocation, of which only `used` bytes are kept.
  void shrink_last(char* at, size_t used);

  std::string_view copy(std::string_view bytes);

  // Bytes this arena pins (capacity of its blocks).
  size_t pinned() const { return pinned_; }
  // Forgets the content; keeps the blocks, within the first `keep_bytes`, for reuse.
  void clear(size_t keep_bytes);

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size;
  };
  void grow(size_t at_least);

  size_t block_bytes_;
  std::vector<Block> blocks_;
  size_t used_blocks_ = 0;  // blocks_[0, used_blocks_) hold content
  char* next_ = nullptr;
  size_t left_ = 0;
  size_t pinned_ = 0;
};

}  // namespace penstock
