// What the readers of plain and DynamoDB JSON share: the token cursor, the BSON under construction
// with its frames, repeated names and losses. Internal to this folder; one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "doc/decimal128.h"
#include "doc/json.h"
#include "doc/json_string.h"
#include "doc/name_set.h"
#include "doc/scratch.h"
#include "doc/structural_index.h"

namespace penstock::doc {

enum class Tag : uint8_t {  // BSON type bytes that readers write
  double_ = 0x01,
  string = 0x02,
  document = 0x03,
  array = 0x04,
  binary = 0x05,
  boolean = 0x08,
  null = 0x0a,
  int32 = 0x10,
  int64 = 0x12,
  decimal128 = 0x13,
};

// An open BSON document or array.
struct Frame {
  size_t start = 0;    // of its length prefix in the scratch
  size_t name = 0;     // of its name in the scratch, which ends with a NUL
  uint32_t count = 0;  // values so far
  bool is_array = false;
};

// One text on its way to BSON. Functions that return bool: false means that fail_at() was called.
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
  bool read_text(std::string_view& out);
  bool read_name(std::string_view& out);  // and the colon behind it

  char peek() const { return text_[*next_]; }
  bool expect(char token, const char* what);
  bool at_end() const { return next_ == end_; }
  bool fail_at(const uint32_t* token, std::string_view what);
  bool has_tokens() const { return next_ < end_; }
  const uint32_t* next() const { return next_; }
  const char* token_end(const uint32_t* token) const;
  const char* token_begin(const uint32_t* token) const { return text_ + *token; }
  std::unexpected<Error> error() const { return rejected(error_); }
  NameSet& names() { return names_; }

 private:
  void reset_document();
  bool open(Tag tag, size_t name);
  bool close();
  // Behind a value: closes what ends here, up to the comma before the next value or up to the end
  // of all frames. is_wrapped: each nested value has a bracket of its type behind it.
  bool finish_values(bool is_wrapped);
  bool write_element_name();
  bool write_object_name();
  void replace_nul(char*& end, size_t name);
  bool write_plain_value(size_t type_at);
  bool write_literal(size_t type_at);
  bool write_number(size_t type_at, const char* at, const char* end, NumberGrammar grammar);
  bool write_inexact(size_t type_at, std::string_view digits);
  bool write_string(size_t type_at);
  bool string_bounds(const uint32_t* token, const char*& begin, const char*& end);

  bool read_item_value(size_t type_at);
  bool read_item_scalar(size_t type_at, char tag);
  bool read_item_other(size_t type_at);
  bool read_set(size_t type_at, Loss::Type type);
  bool write_base64(size_t type_at, const uint32_t* token);
  bool write_set_value(size_t type_at, Loss::Type type);

  struct PendingLoss {
    Loss::Type type;
    size_t path;  // both in loss_text_, path first
    size_t text;
    size_t end;
  };
  void add_loss(Loss::Type type, std::string_view text);

  const char* text_ = nullptr;
  const uint32_t* next_ = nullptr;
  const uint32_t* end_ = nullptr;
  Arena* arena_ = nullptr;
  ParseOptions options_;
  Scratch out_;
  std::vector<Frame> frames_;
  size_t element_name_ = 0;  // the name of the value being read, in the scratch
  NameSet names_;
  std::vector<PendingLoss> losses_;
  std::string loss_text_;
  std::string error_;
  std::string_view text_view_;
  StructuralIndex index_;
};

struct JsonReader::State {
  Reader reader;
  StructuralIndex index;  // of is_valid()
};

}  // namespace penstock::doc
