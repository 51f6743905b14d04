// Document: one immutable value of the document model, as BSON bytes (DESIGN 7). A view: the bytes
// (and the losses) belong to an Arena of the event's batch. Copy freely; any thread may read.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace penstock {

// What BSON cannot say, kept beside the document so that a way back to DynamoDB is exact. The
// losses of a document are in the order of its values.
struct Loss {
  enum class Type { string_set, number_set, binary_set, number, name };
  std::string_view path;  // JSON pointer of the value in the document
  Type type;
  std::string_view text;  // number: its own digits; name: the name with its NUL; sets: empty
};

class Document {
 public:
  Document() = default;
  explicit Document(const uint8_t* bson, const std::span<const Loss>* losses = nullptr)
      : bson_(bson), losses_(losses) {}

  // An absent document is not an empty one: a source had no such image.
  bool present() const { return bson_ != nullptr; }
  explicit operator bool() const { return present(); }
  const uint8_t* data() const { return bson_; }
  // The whole BSON, its length prefix included; 0 when absent.
  size_t size() const {
    if (bson_ == nullptr) {
      return 0;
    }
    uint32_t size = 0;
    std::memcpy(&size, bson_, sizeof size);  // BSON is little-endian, and so is every x86-64
    return size;
  }
  std::string_view bytes() const { return {reinterpret_cast<const char*>(bson_), size()}; }
  std::span<const Loss> losses() const {
    return losses_ == nullptr ? std::span<const Loss>{} : *losses_;
  }

 private:
  const uint8_t* bson_ = nullptr;
  const std::span<const Loss>* losses_ = nullptr;
};

}  // namespace penstock
