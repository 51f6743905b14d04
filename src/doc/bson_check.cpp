// Checks BSON from outside, once, so that everything behind trusts it.
#include <cstring>
#include <vector>

#include "base/utf8.h"
#include "doc/bson.h"

namespace penstock::doc {

namespace {

constexpr size_t kIdSize = 12;
constexpr size_t kDocumentSizeMin = 5;

class Checker {
 public:
  Checker(std::string_view bytes, int depth_max)
      : begin_(bytes.data()), at_(bytes.data()), end_(at_ + bytes.size()), depth_max_(depth_max) {}

  Result<> run() {
    open(end_);
    while (error_.empty() && !ends_.empty()) {
      element();
    }
    if (error_.empty() && at_ != end_) {
      fail("bytes behind the document");
    }
    if (!error_.empty()) {
      return rejected("BSON, byte " + std::to_string(at_ - begin_) + ": " + error_);
    }
    return {};
  }

 private:
  size_t left() const { return static_cast<size_t>(ends_.back() - at_); }
  void fail(const char* what) {
    if (error_.empty()) {
      error_ = what;
    }
  }

  bool skip(size_t size) {
    if (left() < size) {
      fail("a value is longer than its document");
      return false;
    }
    at_ += size;
    return true;
  }

  // A length prefix of at least `least`; 0 after an error.
  size_t length(size_t least) {
    uint32_t size = 0;
    if (left() < sizeof size) {
      fail("a value is longer than its document");
      return 0;
    }
    std::memcpy(&size, at_, sizeof size);
    if (size < least || size > INT32_MAX) {
      fail("a length that cannot be");
      return 0;
    }
    return size;
  }

  // A document that ends at or before `limit`; its length comes first.
  void open(const char* limit) {
    if (static_cast<int>(ends_.size()) >= depth_max_) {
      fail("nested deeper than allowed");
      return;
    }
    ends_.push_back(limit);
    const size_t size = length(kDocumentSizeMin);
    if (size == 0 || left() < size || at_[size - 1] != '\0') {
      fail("a document's length is wrong");
      return;
    }
    ends_.back() = at_ + size;
    at_ += 4;
  }

  void cstring() {
    const void* const end = std::memchr(at_, '\0', left());
    if (end == nullptr) {
      fail("a name without an end");
      return;
    }
    text(static_cast<size_t>(static_cast<const char*>(end) - at_));
    ++at_;
  }

  void text(size_t size) {
    if (!is_utf8({at_, size})) {
      fail("text that is not valid UTF-8");
    }
    at_ += size;
  }

  void string() {
    const size_t size = length(1);
    if (size == 0 || left() - 4 < size || at_[4 + size - 1] != '\0') {
      fail("a string's length is wrong");
      return;
    }
    at_ += 4;
    text(size - 1);
    ++at_;
  }

  void binary() {
    const size_t size = length(0);
    if (!error_.empty() || left() < 5 || left() - 5 < size) {
      fail("a binary's length is wrong");
      return;
    }
    constexpr char kOldBinary = 2;
    if (at_[4] == kOldBinary) {
      uint32_t inner = 0;
      if (size >= 4) {
        std::memcpy(&inner, at_ + 5, sizeof inner);
      }
      if (size < 4 || inner != size - 4) {
        fail("an old binary's inner length is wrong");
        return;
      }
    }
    at_ += 5 + size;
  }

  void boolean() {
    if (left() < 1 || (*at_ != 0 && *at_ != 1)) {
      fail("a boolean that is neither true nor false");
      return;
    }
    ++at_;
  }

  void code_with_scope() {
    const size_t size = length(4 + 5 + kDocumentSizeMin);
    if (size == 0 || left() < size) {
      fail("a code's length is wrong");
      return;
    }
    const char* const end = at_ + size;
    at_ += 4;
    string();
    if (!error_.empty() || at_ > end) {
      fail("a code's length is wrong");
      return;
    }
    open(end);
    if (error_.empty() && ends_.back() != end) {
      fail("a code's length is wrong");
    }
  }

  void element() {
    const auto type = static_cast<uint8_t>(*at_);
    if (type == 0) {
      ++at_;
      if (at_ != ends_.back()) {
        fail("a document ends before its length");
      }
      ends_.pop_back();
      if (!ends_.empty() && at_ >= ends_.back()) {
        fail("a value is longer than its document");
      }
      return;
    }
    ++at_;
    cstring();
    if (error_.empty()) {
      value(static_cast<Type>(type));
    }
    // The last byte of a document is its end, never part of a value.
    if (error_.empty() && at_ >= ends_.back()) {
      fail("a value is longer than its document");
    }
  }

  void value(Type type) {
    switch (type) {
      case Type::undefined:
      case Type::null:
      case Type::min_key:
      case Type::max_key:
        return;
      case Type::double_:
      case Type::date:
      case Type::timestamp:
      case Type::int64:
        skip(8);
        return;
      case Type::int32:
        skip(4);
        return;
      case Type::decimal128:
        skip(16);
        return;
      case Type::object_id:
        skip(kIdSize);
        return;
      case Type::boolean:
        boolean();
        return;
      case Type::string:
      case Type::code:
      case Type::symbol:
        string();
        return;
      case Type::binary:
        binary();
        return;
      case Type::document:
      case Type::array:
        open(ends_.back());
        return;
      case Type::regex:
        cstring();
        if (error_.empty()) {
          cstring();
        }
        return;
      case Type::db_pointer:
        string();
        if (error_.empty()) {
          skip(kIdSize);
        }
        return;
      case Type::code_with_scope:
        code_with_scope();
        return;
    }
    fail("an unknown type");
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  int depth_max_;
  std::vector<const char*> ends_;  // of each open document
  std::string error_;
};

}  // namespace

Result<> check_bson(std::string_view bytes, int depth_max) {
  if (bytes.size() < kDocumentSizeMin) {
    return rejected("BSON of " + std::to_string(bytes.size()) + " bytes is no document");
  }
  return Checker(bytes, depth_max).run();
}

}  // namespace penstock::doc
