// ByteWriter and ByteReader: numbers and byte strings one behind the other, little-endian, as the
// formats on disk have them. The reader never runs over its end: once something is missing it has
// failed and gives zeros. Used where they are made; one thread.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include "base/check.h"

namespace penstock {

// At a known offset; x86-64 is little-endian.
template <std::integral T>
T load_number(std::string_view bytes, size_t at) {
  CHECK(at <= bytes.size());
  CHECK(sizeof(T) <= bytes.size() - at);
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

template <std::integral T>
void store_number(std::string& bytes, size_t at, T value) {
  CHECK(at <= bytes.size());
  CHECK(sizeof(T) <= bytes.size() - at);
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

// `Size` is the type of the length in front of a byte string.
template <std::unsigned_integral Size>
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}
  template <std::integral T>
  void number(T value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out_.append(bytes, sizeof bytes);
  }
  void flag(bool value) { number(static_cast<uint8_t>(value ? 1 : 0)); }
  void count(size_t value) {
    CHECK(value <= std::numeric_limits<Size>::max());
    number(static_cast<Size>(value));
  }
  void bytes(std::string_view value) {
    count(value.size());
    out_.append(value);
  }

 private:
  std::string& out_;
};

template <std::unsigned_integral Size>
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}
  template <std::integral T>
  T number() {
    T value{};
    if (const std::string_view taken = take(sizeof value); !taken.empty()) {
      std::memcpy(&value, taken.data(), sizeof value);
    }
    return value;
  }
  bool flag() { return number<uint8_t>() != 0; }
  Size count() { return number<Size>(); }
  std::string_view bytes() { return take(count()); }  // a view into what is read
  size_t left() const { return bytes_.size(); }
  bool failed() const { return failed_; }

 private:
  std::string_view take(uint64_t count) {
    if (count > bytes_.size()) {
      failed_ = true;
      bytes_ = {};
      return {};
    }
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  std::string_view bytes_;
  bool failed_ = false;
};

}  // namespace penstock
