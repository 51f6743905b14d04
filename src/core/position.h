// PositionWriter and PositionReader: a position as text that an operator can read and set: the
// number of its version, and fields behind it, with one separator between them. What is not read as
// it was written is unreadable, and that is a lost position. Used where they are made; one thread.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/format.h"
#include "base/number.h"
#include "core/event.h"

namespace penstock {

class PositionWriter {
 public:
  PositionWriter(uint32_t version, char separator) : separator_(separator) {
    out_.reserve(kUsualBytes);  // one is written at each read
    append_format(out_, "{}", version);
  }
  template <std::integral T>
  void number(T value) {
    append_format(out_, "{}{}", separator_, value);
  }
  void hex(uint64_t value) { append_format(out_, "{}{:x}", separator_, value); }
  // Without a separator in it.
  void text(std::string_view value) { append_format(out_, "{}{}", separator_, value); }
  Position finish() { return std::move(out_); }

 private:
  static constexpr size_t kUsualBytes = 144;

  Position out_;
  char separator_;
};

class PositionReader {
 public:
  // `position` outlives it.
  PositionReader(std::string_view position, char separator)
      : left_(position), separator_(separator) {
    version_ = number<uint32_t>();
  }
  uint32_t version() const { return version_; }  // 0: it is no position of this kind
  template <std::integral T>
  T number() {
    return parsed<T>(10);
  }
  uint64_t hex() { return parsed<uint64_t>(16); }
  std::string_view text() {  // empty behind the last field
    if (ended_) {
      failed_ = true;
      return {};
    }
    const size_t end = left_.find(separator_);
    const std::string_view field = left_.substr(0, end);
    ended_ = end == std::string_view::npos;
    left_.remove_prefix(ended_ ? left_.size() : end + 1);
    return field;
  }
  // Each field asked for was there and whole, and there is no other.
  bool complete() const { return !failed_ && ended_; }

 private:
  template <std::integral T>
  T parsed(int base) {
    const std::optional<T> value = number_from<T>(text(), base);
    failed_ = failed_ || !value;
    return value.value_or(0);
  }

  std::string_view left_;
  char separator_;
  bool ended_ = false;
  bool failed_ = false;
  uint32_t version_ = 0;
};

}  // namespace penstock
