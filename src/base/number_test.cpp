#include "base/number.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace penstock {
namespace {

TEST(Number, is_all_of_a_text_or_nothing) {
  EXPECT_EQ(number_from<uint64_t>("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(number_from<uint64_t>("007"), 7u);
  EXPECT_EQ(number_from<int64_t>("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(number_from<uint64_t>("fF", 16), 255u);
  for (const char* const text : {"", " 1", "1 ", "+1", "-1", "1x", "0x1", "18446744073709551616"}) {
    EXPECT_EQ(number_from<uint64_t>(text), std::nullopt) << text;
  }
  EXPECT_EQ(number_from<uint16_t>("65536"), std::nullopt);
}

}  // namespace
}  // namespace penstock
