// Is a text any valid JSON? Keeps one character for each open bracket and nothing else.
#include <string>
#include <utility>

#include "base/utf8.h"
#include "doc/decimal128.h"
#include "doc/json.h"
#include "doc/json_string.h"
#include "doc/json_tokens.h"

namespace penstock::doc {

namespace {

class Validator {
 public:
  explicit Validator(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

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
        return peek() == '\0' && at_ == end_;
      }
    }
  }

 private:
  // The first character of the next token; NUL at the end.
  char peek() {
    const char token = token_at(at_, end_);
    return at_ < end_ ? token : '\0';
  }

  // One scalar, or an opening bracket; in an object with the name before it.
  bool value() {
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
      ++at_;
      return true;
    }
    return token == '"' ? string() : word();
  }

  bool name() {
    if (peek() != '"' || !string() || peek() != ':') {
      return false;
    }
    ++at_;
    return true;
  }

  bool string() {
    const StringEnd found = find_string_end(at_ + 1, end_);
    if (found.quote == nullptr) {
      return false;
    }
    at_ = found.quote + 1;
    return true;
  }

  // A number, true, false or null.
  bool word() {
    const char* const begin = at_;
    at_ = find_end_of_word(at_, end_);
    const std::string_view token(begin, at_);
    Number number;
    return token == "true" || token == "false" || token == "null" ||
           parse_number(begin, at_, NumberGrammar::json, number) != NumberKind::invalid;
  }

  bool close_values() {
    while (!open_.empty()) {
      if (peek() == ',') {
        ++at_;
        return true;
      }
      if (peek() != open_.back()) {
        return false;
      }
      open_.pop_back();
      ++at_;
    }
    return true;
  }

  const char* at_;
  const char* end_;
  std::string open_;  // the closing bracket of each open object and array
  bool is_opened_ = false;
};

}  // namespace

bool is_valid_json(std::string_view padded_text) {
  return !padded_text.empty() && is_utf8(padded_text) && Validator(padded_text).run();
}

}  // namespace penstock::doc
