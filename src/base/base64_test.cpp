#include "base/base64.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace penstock {
namespace {

// Into a buffer that ends where the bytes may.
std::optional<std::string> decode(std::string_view text, Base64Tail tail) {
  std::string out(base64_bytes_max(text.size()) + 1, '\xee');
  const auto size = read_base64(text, out.data(), tail);
  EXPECT_EQ(out.back(), '\xee');
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

TEST(Base64, every_length_and_byte_comes_back) {
  Random random(1);
  for (size_t size = 0; size < 300; ++size) {
    std::string bytes;
    for (size_t i = 0; i < size; ++i) {
      bytes += static_cast<char>(random.next());
    }
    std::string text = "before ";
    append_base64(bytes, text);
    EXPECT_EQ(text, "before " + encode(bytes)) << size;
    text.erase(0, 7);
    EXPECT_EQ(text.size(), base64_size(size));
    EXPECT_EQ(decode(text, Base64Tail::any), bytes) << size;
    EXPECT_EQ(decode(text, Base64Tail::zero), bytes) << size;
    Arena arena;
    EXPECT_EQ(decode_base64(text, arena).value(), bytes) << size;
  }
  EXPECT_EQ(decode("aGVsbG8=", Base64Tail::zero), "hello");
}

TEST(Base64, what_is_not_whole_is_refused) {
  for (const std::string_view bad : {"a", "ab", "abc", "abcde", "====", "a===", "ab=c", "=abc",
                                     "ab c", "ab-_", "ab\n=", "abcd====", "Zm9v=", "Zm9vYg=x",
                                     "aGVsbG8=aGVs", "Zm9vYg==Zm9v", "YWI=YWI=", "Zm-v"}) {
    EXPECT_FALSE(decode(bad, Base64Tail::any)) << bad;
    EXPECT_FALSE(decode(bad, Base64Tail::zero)) << bad;
    Arena arena;
    EXPECT_EQ(decode_base64(bad, arena).error().kind, Error::Kind::rejected) << bad;
  }
  EXPECT_FALSE(decode(std::string_view("ab\0d", 4), Base64Tail::any));
}

TEST(Base64, bits_behind_the_last_byte_are_looked_at_where_asked) {
  EXPECT_EQ(decode("YR==", Base64Tail::any), "a");
  EXPECT_EQ(decode("YWJ=", Base64Tail::any), "ab");
  EXPECT_FALSE(decode("YR==", Base64Tail::zero));
  EXPECT_FALSE(decode("YWJ=", Base64Tail::zero));
}

}  // namespace
}  // namespace penstock
