// Base64 with the standard alphabet and padding. Pure functions on bytes; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace penstock::doc {

constexpr size_t base64_size(size_t bytes) {
  return (bytes + 2) / 3 * 4;
}
// Writes base64_size() characters; returns their end.
char* write_base64(std::string_view bytes, char* out);
// Writes at most text.size() / 4 * 3 bytes; how many, or nothing when the text is no base64.
std::optional<size_t> read_base64(std::string_view text, char* out);

}  // namespace penstock::doc
