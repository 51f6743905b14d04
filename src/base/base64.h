// Base64 with the standard alphabet and padding, the one that AWS's SDKs send. Pure functions on
// bytes; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"

namespace penstock {

constexpr size_t base64_size(size_t bytes) {
  return (bytes + 2) / 3 * 4;
}
// The most bytes that so much text stands for.
constexpr size_t base64_bytes_max(size_t text_size) {
  return text_size / 4 * 3;
}

// The bits of the last digit that belong to no byte.
enum class Base64Tail : uint8_t {
  any,   // dropped, as most decoders do
  zero,  // others make the text wrong: it is not what these bytes would be written as
};

// Writes base64_size() characters; returns their end.
char* write_base64(std::string_view bytes, char* out);
// Writes at most base64_bytes_max() bytes; how many, or nothing when the text is no base64.
std::optional<size_t> read_base64(std::string_view text, char* out,
                                  Base64Tail tail = Base64Tail::any);

void append_base64(std::string_view bytes, std::string& out);
// `rejected` when it is no base64.
Result<std::string_view> decode_base64(std::string_view text, Arena& arena);

}  // namespace penstock
