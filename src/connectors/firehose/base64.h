// Base64 as Amazon's SDKs send it, decoded in one pass into a buffer. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace penstock::firehose {

// The most bytes that so much text can stand for.
constexpr size_t decoded_size_max(size_t text_size) {
  return text_size / 4 * 3 + 3;
}
// Writes the bytes and returns how many; nullopt when the text is no padded standard base64.
std::optional<size_t> decode_base64(std::string_view text, char* into);

}  // namespace penstock::firehose
