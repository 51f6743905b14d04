// Reading and writing the BSON bytes of a Document: Element and Elements walk one level of a
// document without copying; BsonWriter appends one. All functions trust the bytes (made by this
// folder, or passed by check_bson); views live as long as the document. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "doc/document.h"

namespace penstock::doc {

enum class Type : uint8_t {
  double_ = 0x01,
  string = 0x02,
  document = 0x03,
  array = 0x04,
  binary = 0x05,
  undefined = 0x06,
  object_id = 0x07,
  boolean = 0x08,
  date = 0x09,
  null = 0x0a,
  regex = 0x0b,
  db_pointer = 0x0c,
  code = 0x0d,
  symbol = 0x0e,
  code_with_scope = 0x0f,
  int32 = 0x10,
  timestamp = 0x11,
  int64 = 0x12,
  decimal128 = 0x13,
  min_key = 0xff,
  max_key = 0x7f,
};

struct Element {
  Type type = Type::null;
  std::string_view name;
  const uint8_t* value = nullptr;  // first byte of the value
  size_t value_size = 0;

  bool is_null() const { return type == Type::null; }
  bool as_bool() const;                // boolean
  int32_t as_int32() const;            // int32
  int64_t as_int64() const;            // int32, int64, date (milliseconds), timestamp
  double as_double() const;            // double_
  std::string_view as_string() const;  // string, symbol, code
  Document as_document() const;        // document, array
  std::string_view as_binary() const;  // the bytes of a binary, without its subtype
};

// How many bytes a value of this type has that begins at `value`.
size_t bson_value_size(Type type, const uint8_t* value);

// for (const Element& e : Elements(document)) …
class Elements {
 public:
  explicit Elements(const Document& document);
  class iterator {
   public:
    iterator() = default;
    explicit iterator(const uint8_t* at);
    const Element& operator*() const { return element_; }
    const Element* operator->() const { return &element_; }
    iterator& operator++();
    bool operator==(const iterator& other) const { return at_ == other.at_; }

   private:
    void parse();
    const uint8_t* at_ = nullptr;  // the element's type byte, nullptr at the end
    Element element_;
  };
  iterator begin() const { return iterator(first_); }
  iterator end() const { return {}; }

 private:
  const uint8_t* first_;
};

// The element of that name on the top level.
std::optional<Element> find(const Document& document, std::string_view name);
// "a.b.0.c": names and array indexes between dots.
std::optional<Element> find_path(const Document& document, std::string_view path);

// The value as short text for names and messages: strings as they are, numbers in full digits,
// true/false, ISO dates, 24 hex digits; documents and binaries as JSON.
void append_text(const Element& element, std::string& out);
void append_text(const Document& document, std::string& out);  // as plain JSON

// Appends one document; the bytes are in the arena after finish(). Numbers and names as given;
// names must hold no NUL. Calls of begin_* and end() nest.
class BsonWriter {
 public:
  explicit BsonWriter(Arena& arena, size_t expected_bytes = 256);
  void null(std::string_view name);
  void boolean(std::string_view name, bool value);
  void int32(std::string_view name, int32_t value);
  void int64(std::string_view name, int64_t value);
  void double_(std::string_view name, double value);
  void string(std::string_view name, std::string_view value);
  void binary(std::string_view name, std::string_view bytes, uint8_t subtype = 0);
  void date(std::string_view name, int64_t millis);
  void document(std::string_view name, const Document& value);
  void array(std::string_view name, const Document& value);
  void copy(std::string_view name, const Element& element);  // the element's value under this name
  void begin_document(std::string_view name);
  void begin_array(std::string_view name);
  void end();
  Document finish();

 private:
  char* reserve(size_t size);
  void begin(std::string_view name, Type type);
  Arena& arena_;
  char* start_ = nullptr;
  size_t used_ = 0;
  size_t capacity_ = 0;
  static constexpr int kDepthMax = 128;
  size_t open_[kDepthMax] = {};
  int depth_ = 0;
};

// Bytes from outside: lengths, types, UTF-8, depth, no NUL in names. `rejected` with the reason.
Result<> check_bson(std::string_view bytes, int depth_max = 100);

}  // namespace penstock::doc
