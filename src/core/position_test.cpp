#include "core/position.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(PositionText, is_a_version_and_fields_between_separators) {
  PositionWriter writer(2, '/');
  writer.text("abc");
  writer.number(int64_t{-5});
  writer.hex(255);
  const Position position = writer.finish();
  EXPECT_EQ(position, "2/abc/-5/ff");
  PositionReader reader(position, '/');
  EXPECT_EQ(reader.version(), 2u);
  EXPECT_EQ(reader.text(), "abc");
  EXPECT_EQ(reader.number<int64_t>(), -5);
  EXPECT_FALSE(reader.complete());
  EXPECT_EQ(reader.hex(), 255u);
  EXPECT_TRUE(reader.complete());
}

TEST(PositionText, what_is_not_whole_is_not_complete) {
  for (const char* const text :
       {"", "1", "1 ", " 5", "x 5", "1 x", "1 5x", "1 5 ", "1 5 6", "1  5", "1 -5", "1/5", "-1 5",
        "1 18446744073709551616", "99999999999 5"}) {
    PositionReader reader(text, ' ');
    static_cast<void>(reader.number<uint64_t>());
    EXPECT_FALSE(reader.complete()) << text;
  }
  PositionReader reader("1 5", ' ');
  EXPECT_EQ(reader.number<uint64_t>(), 5u);
  EXPECT_TRUE(reader.complete());
  EXPECT_EQ(reader.text(), "");
  EXPECT_FALSE(reader.complete());
}

}  // namespace
}  // namespace penstock
