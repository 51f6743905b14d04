// Is a text any valid JSON? Keeps one character for each open bracket and nothing else.
#include "doc/number_read.h"
#include "doc/read_values.h"

namespace penstock::doc {

namespace {

class Validator {
 public:
  explicit Validator(std::string_view text) : at(text.data()), end(at + text.size()) {}

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
        return peek() == '\0' && at == end;
      }
    }
  }

  const char* at;  // token_at() knows these two
  const char* end;

 private:
  // The first character of the next token; NUL at the end.
  char peek() {
    const char token = token_at(*this);
    return at < end ? token : '\0';
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
      ++at;
      return true;
    }
    return token == '"' ? string() : word();
  }

  bool name() {
    if (peek() != '"' || !string() || peek() != ':') {
      return false;
    }
    ++at;
    return true;
  }

  bool string() {
    const StringEnd found = find_string_end(at + 1, end);
    at = found.quote + (found.quote == nullptr ? 0 : 1);
    return at != nullptr;
  }

  // A number, true, false or null.
  bool word() {
    const char* const begin = at;
    at = find_end_of_word(at, end);
    const std::string_view token(begin, at);
    Number number;
    return token == "true" || token == "false" || token == "null" ||
           parse_number(begin, at, NumberGrammar::json, number) != NumberKind::invalid;
  }

  bool close_values() {
    while (!open_.empty()) {
      if (peek() == ',') {
        ++at;
        return true;
      }
      if (peek() != open_.back()) {
        return false;
      }
      open_.pop_back();
      ++at;
    }
    return true;
  }

  std::string open_;  // the closing bracket of each open object and array
  bool is_opened_ = false;
};

}  // namespace

bool is_valid_json(std::string_view padded_text) {
  return !padded_text.empty() && Validator(padded_text).run();
}

}  // namespace penstock::doc
