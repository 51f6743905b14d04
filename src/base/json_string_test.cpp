#include "base/json_string.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

std::string json_string(std::string_view text) {
  std::string out = "before ";
  append_json_string(text, out);
  return out.substr(7);
}

TEST(JsonString, escapes_what_json_asks_for_and_nothing_else) {
  EXPECT_EQ(json_string(""), R"("")");
  EXPECT_EQ(json_string("say \"\\\""), R"("say \"\\\"")");
  EXPECT_EQ(json_string("\b\t\n\v\f\r/"), R"("\b\t\n\u000b\f\r/")");
  EXPECT_EQ(json_string(std::string_view("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\x7f\"");
  EXPECT_EQ(json_string("caf\u00e9 \U0001F30D \xff"), "\"caf\u00e9 \U0001F30D \xff\"");
}

// Texts are copied in blocks of 16 bytes, and escaped from the first that needs it on.
TEST(JsonString, escapes_at_every_place_of_every_length) {
  for (size_t size = 1; size < 70; ++size) {
    for (size_t at = 0; at < size; ++at) {
      std::string text(size, 'x');
      text[at] = '\x01';
      const std::string expected =
          '"' + std::string(at, 'x') + "\\u0001" + std::string(size - at - 1, 'x') + '"';
      EXPECT_EQ(json_string(text), expected) << size << " " << at;
    }
  }
  EXPECT_EQ(json_string(std::string(1000, '\x01')).size(), 6002u);
}

}  // namespace
}  // namespace penstock
