// ByteWriter and ByteReader: numbers and byte strings one behind the other, little-endian. The
// reader never runs over its end: once something is missing it has failed and gives zeros. Used
// where they are made; one thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace penstock::dead_letters {

class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}
  void put_byte(uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void put_number(uint64_t value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out_.append(bytes, sizeof bytes);
  }
  void put_bytes(std::string_view bytes) {
    put_number(bytes.size());
    out_.append(bytes);
  }

 private:
  std::string& out_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}
  uint8_t take_byte() {
    const std::string_view taken = take(1);
    return taken.empty() ? uint8_t{0} : static_cast<uint8_t>(taken.front());
  }
  uint64_t take_number() {
    uint64_t value = 0;
    const std::string_view taken = take(sizeof value);
    if (!taken.empty()) {
      std::memcpy(&value, taken.data(), sizeof value);
    }
    return value;
  }
  std::string_view take_bytes() { return take(take_number()); }  // a view into what is read
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

}  // namespace penstock::dead_letters
