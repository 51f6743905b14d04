#include "base/arena.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace penstock {

void Arena::grow(size_t at_least) {
  if (used_blocks_ < blocks_.size() && blocks_[used_blocks_].size < at_least) {
    // A kept block that is too small for this one request goes; the next clear() starts anew.
    for (size_t i = used_blocks_; i < blocks_.size(); ++i) {
      pinned_ -= blocks_[i].size;
    }
    blocks_.resize(used_blocks_);
  }
  if (used_blocks_ == blocks_.size()) {
    const size_t size = std::max(at_least, block_bytes_);
    blocks_.push_back({std::make_unique_for_overwrite<char[]>(size + kPadding), size});
    std::memset(blocks_.back().bytes.get() + size, 0, kPadding);
    pinned_ += size;
  }
  next_ = blocks_[used_blocks_].bytes.get();
  left_ = blocks_[used_blocks_].size;
  ++used_blocks_;
}

void Arena::shrink_last(char* at, size_t used) {
  const size_t rounded = (used + 7) & ~size_t{7};
  CHECK(at + rounded <= next_);
  left_ += static_cast<size_t>(next_ - (at + rounded));
  next_ = at + rounded;
}

std::string_view Arena::copy(std::string_view bytes) {
  char* const at = allocate(bytes.size());
  std::copy(bytes.begin(), bytes.end(), at);
  return {at, bytes.size()};
}

void Arena::clear(size_t keep_bytes) {
  size_t kept = 0;
  size_t count = 0;
  while (count < blocks_.size() && kept + blocks_[count].size <= keep_bytes) {
    kept += blocks_[count].size;
    ++count;
  }
  blocks_.resize(count);
  pinned_ = kept;
  used_blocks_ = 0;
  next_ = nullptr;
  left_ = 0;
}

}  // namespace penstock
