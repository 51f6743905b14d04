#include "connectors/firehose/base64.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace penstock::firehose {
namespace {

std::optional<std::string> decode(std::string_view text) {
  std::string out(decoded_size_max(text.size()), '\xee');
  const auto size = decode_base64(text, out.data());
  if (!size) {
    return std::nullopt;
  }
  out.resize(*size);
  return out;
}

std::string encode(std::string_view bytes) {  // slow and plain, to compare with
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < bytes.size() ? static_cast<uint8_t>(bytes[i + k]) : 0);
    }
    for (size_t k = 0; k < 4; ++k) {
      out += i + k > bytes.size() ? '=' : kAlphabet[group >> (18 - 6 * k) & 63];
    }
  }
  return out;
}

TEST(Base64Test, decodes_every_length_and_byte) {
  Random random(1);
  for (size_t size = 0; size < 300; ++size) {
    std::string bytes;
    for (size_t i = 0; i < size; ++i) {
      bytes += static_cast<char>(random.next());
    }
    EXPECT_EQ(decode(encode(bytes)), bytes) << size;
  }
  EXPECT_EQ(decode("aGVsbG8="), "hello");
}

TEST(Base64Test, refuses_what_is_not_exact) {
  for (const char* bad : {"a", "ab", "abc", "abcde", "====", "a===", "ab=c", "=abc", "ab c", "ab-_",
                          "ab\n=", "abcd====", "aGVsbG8=aGVs", "YR==", "YWI=YWI=", "YWJ="}) {
    EXPECT_FALSE(decode(bad)) << bad;
  }
  EXPECT_FALSE(decode(std::string_view("ab\0d", 4)));
}

}  // namespace
}  // namespace penstock::firehose
