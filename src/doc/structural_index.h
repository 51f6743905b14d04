// StructuralIndex: where the tokens of a JSON text begin, found by simdjson's first stage, which
// also checks UTF-8, that strings are closed, and that they hold no control characters. This is the
// only file that knows simdjson, whose internal interface it uses: pinned to 3.0.1.
// Owned by a reader; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace penstock::doc {

class StructuralIndex {
 public:
  StructuralIndex();
  ~StructuralIndex();
  StructuralIndex(const StructuralIndex&) = delete;
  StructuralIndex& operator=(const StructuralIndex&) = delete;

  // `rejected` with the reason. Needs Arena::kPadding readable bytes behind the text.
  Result<> build(std::string_view padded_text);

  // Offsets of each of {}[]:, and of the first byte of each string, number and literal outside of
  // strings, ascending. Between two of them there is one token and white space behind it.
  const uint32_t* offsets() const { return offsets_; }
  size_t count() const { return count_; }
  // So many entries behind the last may be read; they are the text's length.
  static constexpr size_t kSentinels = 16;

 private:
  struct Parser;
  Result<> reserve(size_t bytes);

  std::unique_ptr<Parser> parser_;
  size_t capacity_ = 0;
  const uint32_t* offsets_ = nullptr;
  size_t count_ = 0;
};

bool is_utf8(std::string_view bytes);

}  // namespace penstock::doc
