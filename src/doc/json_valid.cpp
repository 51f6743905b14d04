// Is a text any valid JSON? Keeps one character for each open bracket and nothing else.
#include "doc/reader.h"

namespace penstock::doc {

namespace {

constexpr size_t kValidBytesMax = size_t{1} << 30;

class Validator {
 public:
  Validator(std::string_view text, const StructuralIndex& index)
      : text_(text.data()), next_(index.offsets()), end_(next_ + index.count()) {}

  bool run() {
    for (;;) {
      if (!value()) {
        return false;
      }
      if (is_opened_) {
        continue;
      }
      if (!close_values()) {
        return false;
      }
      if (open_.empty()) {
        return next_ == end_;
      }
    }
  }

 private:
  char peek() const { return text_[*next_]; }

  // One scalar, or an opening bracket; in an object with the name before it.
  bool value() {
    if (next_ >= end_) {
      return false;
    }
    const bool may_close = std::exchange(is_opened_, false);
    if (may_close && peek() == open_.back()) {
      return true;  // empty: close_values() takes it
    }
    if (!open_.empty() && open_.back() == '}' && !name()) {
      return false;
    }
    const char token = peek();
    if (token == '{' || token == '[') {
      open_ += token == '{' ? '}' : ']';
      is_opened_ = true;
      ++next_;
      return true;
    }
    return scalar();
  }

  bool name() {
    if (peek() != '"' || !scalar() || peek() != ':') {
      return false;
    }
    ++next_;
    return next_ < end_;
  }

  bool scalar() {
    const char* const begin = text_ + *next_;
    const char* end = text_ + next_[1];
    while (end > begin && is_space(end[-1])) {
      --end;
    }
    ++next_;
    const std::string_view token(begin, static_cast<size_t>(end - begin));
    if (*begin == '"') {
      return token.size() >= 2 && has_valid_escapes(token.substr(1, token.size() - 2));
    }
    Number number;
    return token == "true" || token == "false" || token == "null" ||
           parse_number(begin, end, NumberGrammar::json, number) != NumberKind::invalid;
  }

  static bool has_valid_escapes(std::string_view content) {
    const char* at = content.data();
    const char* const end = at + content.size();
    while (at != end) {
      at = static_cast<const char*>(std::memchr(at, '\\', static_cast<size_t>(end - at)));
      if (at == nullptr) {
        return true;
      }
      char unused[4];
      char* to = unused;
      if (!copy_escape(at, end, to)) {
        return false;
      }
    }
    return true;
  }

  bool close_values() {
    while (!open_.empty()) {
      if (next_ >= end_) {
        return false;
      }
      if (peek() == ',') {
        ++next_;
        return true;
      }
      if (peek() != open_.back()) {
        return false;
      }
      open_.pop_back();
      ++next_;
    }
    return true;
  }

  const char* text_;
  const uint32_t* next_;
  const uint32_t* end_;
  std::string open_;  // the closing bracket of each open object and array
  bool is_opened_ = false;
};

}  // namespace

bool JsonReader::is_valid(std::string_view padded_text) {
  StructuralIndex& index = state_->index;
  return padded_text.size() <= kValidBytesMax && index.build(padded_text).has_value() &&
         Validator(padded_text, index).run();
}

}  // namespace penstock::doc
