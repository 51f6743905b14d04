#include "base/time.h"

#include <gtest/gtest.h>

#include <limits>

namespace penstock {
namespace {

TEST(iso8601, every_timestamp_has_a_text) {
  EXPECT_EQ(to_iso8601({0}), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(to_iso8601({-1}), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(to_iso8601({-86'400'000'000}), "1969-12-31T00:00:00.000000Z");
  EXPECT_EQ(to_iso8601({951'782'400'000'000}), "2000-02-29T00:00:00.000000Z");
  EXPECT_EQ(to_iso8601({-62'167'219'200'000'000}), "0000-01-01T00:00:00.000000Z");
  EXPECT_EQ(to_iso8601({-62'167'219'200'000'001}), "-0001-12-31T23:59:59.999999Z");
  EXPECT_EQ(to_iso8601({253'402'300'799'999'999}), "9999-12-31T23:59:59.999999Z");
  EXPECT_EQ(to_iso8601({253'402'300'800'000'000}), "010000-01-01T00:00:00.000000Z");
  EXPECT_EQ(to_iso8601({std::numeric_limits<int64_t>::max()}), "294247-01-10T04:00:54.775807Z");
  EXPECT_EQ(to_iso8601({std::numeric_limits<int64_t>::min()}), "-290308-12-21T19:59:05.224192Z");
}

TEST(iso8601, with_as_many_digits_of_the_fraction_as_wanted) {
  const auto text = [](int fraction_digits) {
    char out[kIso8601Max];
    return std::string(out, write_iso8601({1'700'000'000'123'456}, fraction_digits, out));
  };
  EXPECT_EQ(text(0), "2023-11-14T22:13:20Z");
  EXPECT_EQ(text(1), "2023-11-14T22:13:20.1Z");
  EXPECT_EQ(text(3), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(text(6), "2023-11-14T22:13:20.123456Z");
}

}  // namespace
}  // namespace penstock
