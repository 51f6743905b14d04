#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "doc/bson.h"

namespace penstock::doc {

namespace {

template <class T>
char* store(char* at, T value) {
  std::memcpy(at, &value, sizeof value);
  return at + sizeof value;
}

char* store_bytes(char* at, std::string_view bytes) {
  if (!bytes.empty()) {
    std::memcpy(at, bytes.data(), bytes.size());
  }
  return at + bytes.size();
}

char* store_head(char* at, Type type, std::string_view name) {
  *at++ = static_cast<char>(type);
  at = store_bytes(at, name);
  *at++ = '\0';
  return at;
}

constexpr size_t kHead = 2;  // an element's type and the NUL behind its name

}  // namespace

BsonWriter::BsonWriter(Arena& arena, size_t expected_bytes)
    : arena_(arena), capacity_(std::max<size_t>(expected_bytes, 16)) {
  start_ = arena_.allocate(capacity_);
  open_[0] = 0;
  depth_ = 1;
  used_ = 4;
}

char* BsonWriter::reserve(size_t size) {
  CHECK(depth_ > 0);
  if (capacity_ - used_ < size) {
    const size_t capacity = std::max(2 * capacity_, used_ + size);
    char* const bytes = arena_.allocate(capacity);
    std::memcpy(bytes, start_, used_);
    start_ = bytes;
    capacity_ = capacity;
  }
  char* const at = start_ + used_;
  used_ += size;
  return at;
}

void BsonWriter::null(std::string_view name) {
  store_head(reserve(kHead + name.size()), Type::null, name);
}

void BsonWriter::boolean(std::string_view name, bool value) {
  char* const at = store_head(reserve(kHead + name.size() + 1), Type::boolean, name);
  *at = static_cast<char>(value ? 1 : 0);
}

void BsonWriter::int32(std::string_view name, int32_t value) {
  store(store_head(reserve(kHead + name.size() + sizeof value), Type::int32, name), value);
}

void BsonWriter::int64(std::string_view name, int64_t value) {
  store(store_head(reserve(kHead + name.size() + sizeof value), Type::int64, name), value);
}

void BsonWriter::double_(std::string_view name, double value) {
  store(store_head(reserve(kHead + name.size() + sizeof value), Type::double_, name), value);
}

void BsonWriter::date(std::string_view name, int64_t millis) {
  store(store_head(reserve(kHead + name.size() + sizeof millis), Type::date, name), millis);
}

void BsonWriter::string(std::string_view name, std::string_view value) {
  char* at = store_head(reserve(kHead + name.size() + 5 + value.size()), Type::string, name);
  at = store_bytes(store(at, static_cast<uint32_t>(value.size() + 1)), value);
  *at = '\0';
}

void BsonWriter::binary(std::string_view name, std::string_view bytes, uint8_t subtype) {
  char* at = store_head(reserve(kHead + name.size() + 5 + bytes.size()), Type::binary, name);
  at = store(at, static_cast<uint32_t>(bytes.size()));
  *at++ = static_cast<char>(subtype);
  store_bytes(at, bytes);
}

void BsonWriter::document(std::string_view name, const Document& value) {
  CHECK(value.present());
  char* const at = reserve(kHead + name.size() + value.size());
  store_bytes(store_head(at, Type::document, name), value.bytes());
}

void BsonWriter::array(std::string_view name, const Document& value) {
  CHECK(value.present());
  char* const at = reserve(kHead + name.size() + value.size());
  store_bytes(store_head(at, Type::array, name), value.bytes());
}

void BsonWriter::copy(std::string_view name, const Element& element) {
  char* const at = reserve(kHead + name.size() + element.value_size);
  const auto* const value = reinterpret_cast<const char*>(element.value);
  store_bytes(store_head(at, element.type, name), {value, element.value_size});
}

void BsonWriter::begin_document(std::string_view name) {
  begin(name, Type::document);
}

void BsonWriter::begin_array(std::string_view name) {
  begin(name, Type::array);
}

void BsonWriter::begin(std::string_view name, Type type) {
  CHECK(depth_ < kDepthMax);
  store_head(reserve(kHead + name.size()), type, name);
  open_[depth_++] = used_;
  reserve(4);
}

void BsonWriter::end() {
  *reserve(1) = '\0';
  const size_t first = open_[--depth_];
  store(start_ + first, static_cast<uint32_t>(used_ - first));
}

Document BsonWriter::finish() {
  CHECK(depth_ == 1);
  end();
  // Only the arena's newest allocation can be shortened; others may have come since.
  if (arena_.allocate(0) == start_ + ((capacity_ + 7) & ~size_t{7})) {
    arena_.shrink_last(start_, used_);
  }
  return Document(reinterpret_cast<const uint8_t*>(start_));
}

}  // namespace penstock::doc
