// What the readers of plain and DynamoDB JSON share: the place in the text, the BSON under
// construction with its frames, repeated names and losses. Internal to this folder; one thread.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "doc/bson.h"
#include "doc/decimal128.h"
#include "doc/json.h"
#include "doc/json_string.h"
#include "doc/json_tokens.h"
#include "doc/scratch.h"

namespace penstock::doc {

enum class Wire : uint8_t { plain, dynamodb };

// An open BSON document or array.
struct Frame {
  static constexpr uint32_t kShort =
      32;  // names are compared one by one; beyond it sorted, at once

  char* start = nullptr;       // its length prefix in the scratch
  const char* name = nullptr;  // its name in the scratch, which ends with a NUL
  uint32_t count = 0;          // values so far
  char closer = '\0';          // its last bracket
  uint64_t filter_low = 0;
  uint64_t filter_high = 0;

  // A filter over the names: false means that this one is new. The view has 8 readable bytes.
  [[gnu::always_inline]] bool may_repeat(std::string_view text) {
    uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    // Without what is behind a short name; in two steps, because all eight bytes can be.
    const size_t behind = 8 - std::min<size_t>(text.size(), 8);
    word = word << (4 * behind) << (4 * behind);
    const uint64_t hash = (word + text.size()) * 0x9E3779B97F4A7C15U;
    const auto low = static_cast<unsigned>(hash >> 58);
    const auto high = static_cast<unsigned>(hash >> 52 & 63);
    const bool is_known = (filter_low >> low & filter_high >> high & 1) != 0;
    filter_low |= uint64_t{1} << low;
    filter_high |= uint64_t{1} << high;
    return is_known;
  }
};

// One text on its way to BSON. Functions that return bool: false means that fail_at() was called.
//
// Short tokens may be looked at, and passed, beyond the end of the text, into Arena::kPadding,
// where anything may stand: each loop is bounded by the end, but not each look. Then at_ is behind
// the end, and whatever is read next fails, expect_end() at the latest: no success counts before
// that.
class Reader {
 public:
  Result<> start(std::string_view padded_text, Arena& arena, const ParseOptions& options);

  // The one value of the text that next() is at: an object as plain or as DynamoDB JSON. Builds it
  // in the scratch; take() copies it to the arena.
  bool read_plain_object();
  bool read_item();
  Document take();

  // Checks one plain value of any kind and drops it.
  bool skip_value();
  // A string that is kept: a view into the text, or into the arena where it had escapes.
  bool read_text(std::string_view& out) {
    if (peek() != '"') [[unlikely]] {
      return fail_at(at_, "expected a string");
    }
    const char* const begin = at_ + 1;
    const StringEnd found = find_string_end(begin, end_);
    if (found.quote == nullptr) [[unlikely]] {
      return fail_at(at_, string_fault(begin, end_));
    }
    out = {begin, static_cast<size_t>(found.quote - begin)};
    if (found.has_escapes) [[unlikely]] {
      out = without_escapes(out);
    }
    at_ = found.quote + 1;
    return true;
  }

  // The first character of the next token; NUL at the end.
  char peek() {
    const char* const at = next();
    return at < end_ ? *at : '\0';
  }
  const char* next() {
    if (static_cast<uint8_t>(*at_) <= ' ') [[unlikely]] {
      at_ = skip_spaces(at_, end_);
    }
    return at_;
  }
  void advance_to(const char* at) { at_ = at; }
  bool accept(char token) {
    if (peek() != token) {
      return false;
    }
    ++at_;
    return true;
  }
  bool expect(char token, const char* what) { return accept(token) || fail_at(at_, what); }
  // To call when the value was read: nothing but white space may follow.
  bool expect_end();
  const char* end() const { return end_; }
  bool fail_at(const char* at, std::string_view what);
  std::unexpected<Error> error() const { return rejected(error_); }

 private:
  struct Cursor;
  template <Wire kWire>
  bool read_values();
  template <Wire kWire>
  bool read_closings(Cursor& cursor);
  bool read_plain_value(Cursor& cursor);
  bool read_item_value(Cursor& cursor);
  bool read_object_name(Cursor& cursor);
  bool read_string(Cursor& cursor);
  bool read_number(Cursor& cursor, const char* end, NumberGrammar grammar);
  bool read_item_number(Cursor& cursor);
  bool read_opening(Cursor& cursor, Type type);
  bool read_bool(Cursor& cursor, const char* at);
  bool read_end_of_item(Cursor& cursor);
  bool read_rare(Cursor& cursor, Wire wire);
  Cursor enter(char* type);
  void leave(const Cursor& cursor);

  void reset_document();
  std::string_view without_escapes(std::string_view text);
  bool fail_too_deep();
  void close_array();
  bool is_repeated(const Frame& frame, std::string_view name);
  bool has_repeated_names(const Frame& frame);
  bool write_long_name();
  bool replace_nul(char* name);
  bool write_literal(char* type);
  bool write_long_number(char* type, const char* end, NumberGrammar grammar);
  bool write_inexact(char* type, std::string_view digits);

  bool read_item_other(char* type);
  bool read_item_content(char* type, std::string_view tag);
  bool read_rare_content(char* type, std::string_view tag);
  bool read_set(char* type, Loss::Type loss);
  bool read_set_value(Loss::Type loss);
  bool write_binary(char* type);

  struct PendingLoss {
    Loss::Type type;
    size_t path;  // both in loss_text_, path first
    size_t text;
    size_t end;
  };
  bool add_loss(Loss::Type type, std::string_view text);

  const char* text_ = nullptr;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  Arena* arena_ = nullptr;
  ParseOptions options_;
  Scratch scratch_;
  char* document_ = nullptr;   // the begin of the one being built, in the scratch
  char* out_ = nullptr;        // where its next byte goes
  std::vector<Frame> frames_;  // the first stands for "none is open" and has no bracket
  Frame* top_ = nullptr;
  const char* element_name_ = nullptr;  // the name of the value being read, in the scratch
  bool keeps_losses_ = true;            // false: of what is skipped
  std::vector<PendingLoss> losses_;
  std::string loss_text_;
  std::string error_;
};

}  // namespace penstock::doc
