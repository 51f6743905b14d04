// TextOut: appends to a std::string through a plain pointer, with room asked for ahead of a whole
// value. Internal to this folder; one thread.
#pragma once

#include <emmintrin.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "doc/base64.h"
#include "doc/decimal128.h"

namespace penstock::doc {

class TextOut {
 public:
  TextOut(std::string& out, size_t expected) : out_(out) {
    const size_t used = out.size();
    resize(used + expected + kSlack);
    at_ = out_.data() + used;
  }
  ~TextOut() { out_.resize(static_cast<size_t>(at_ - out_.data())); }
  TextOut(const TextOut&) = delete;
  TextOut& operator=(const TextOut&) = delete;

  // Room for `size` bytes and the slack, which copies in blocks of 16 need.
  void reserve(size_t size) {
    if (static_cast<size_t>(end_ - at_) < size + kSlack) [[unlikely]] {
      grow(size);
    }
  }
  // These two need room.
  void put(char c) { *at_++ = c; }
  void put(std::string_view text) {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void unput() { --at_; }
  char* at() const { return at_; }
  void advance_to(char* at) { at_ = at; }

  // The content of a JSON string. `limit` is the end of what may be read, at or behind the text's.
  void put_escaped(const char* from, const char* end, const char* limit) {
    reserve(static_cast<size_t>(end - from));
    while (from != end) {
      const auto left = end - from;
      if (limit - from < 16) [[unlikely]] {
        put_escaped_slowly(from, end);
        return;
      }
      uint32_t found = copy_block(from);
      if (left < 16) {
        found &= (uint32_t{1} << left) - 1;
      }
      if (found == 0) {
        const auto step = left < 16 ? left : 16;
        at_ += step;
        from += step;
        continue;
      }
      const int plain = std::countr_zero(found);
      at_ += plain;
      put_escape(from[plain]);
      from += plain + 1;
      reserve(static_cast<size_t>(end - from));
    }
  }
  // The same for text that ends with a NUL, which is looked for; returns where the NUL is.
  const char* put_escaped_name(const char* from, const char* limit) {
    while (limit - from >= 16) {
      reserve(16);
      const uint32_t found = copy_block(from);
      if (found == 0) {
        at_ += 16;
        from += 16;
        continue;
      }
      const int plain = std::countr_zero(found);
      at_ += plain;
      from += plain;
      if (*from == '\0') {
        return from;
      }
      put_escape(*from++);
    }
    const char* const end = from + std::strlen(from);
    put_escaped_slowly(from, end);
    return end;
  }

  void put_base64(std::string_view bytes) {
    reserve(base64_size(bytes.size()));
    at_ = write_base64(bytes, at_);
  }

 private:
  static constexpr size_t kSlack = 64;

  // Copies 16 bytes; a bit for each that cannot stand in a JSON string as it is (NUL included).
  uint32_t copy_block(const char* from) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(at_), block);
    const __m128i control = _mm_cmpeq_epi8(_mm_max_epu8(block, _mm_set1_epi8(0x20)), block);
    const __m128i special = _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('"')),
                                         _mm_cmpeq_epi8(block, _mm_set1_epi8('\\')));
    // `control` is set where the byte is at least a blank.
    const __m128i found = _mm_or_si128(_mm_xor_si128(control, _mm_set1_epi8(-1)), special);
    return static_cast<uint32_t>(_mm_movemask_epi8(found));
  }
  void put_escape(char c);
  void put_escaped_slowly(const char* from, const char* end);
  void grow(size_t size);
  void resize(size_t size) {
    // Bytes are written before the destructor makes them part of the text.
    if (size > out_.capacity()) {
      out_.reserve(std::max(size, 2 * out_.capacity()));
    }
    out_.resize_and_overwrite(size, [](char*, size_t all) { return all; });
    end_ = out_.data() + out_.size();
  }

  std::string& out_;
  char* at_ = nullptr;
  char* end_ = nullptr;
};

}  // namespace penstock::doc
