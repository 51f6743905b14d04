#include "base/digits.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>

namespace penstock {
namespace {

std::string written(uint64_t value) {
  char text[kDigitsMax + kDigitsSlack];
  return {text, write_uint64(value, text)};
}

std::string padded(uint64_t value, int width) {
  char text[64];
  return {text, write_padded(value, width, text)};
}

TEST(digits, numbers_around_every_power_of_ten_and_of_two) {
  EXPECT_EQ(written(0), "0");
  uint64_t power = 1;
  for (int i = 0; i < kDigitsMax; ++i, power *= 10) {
    for (const uint64_t value : {power - 1, power, power + 1, power * 7, power + power / 3}) {
      EXPECT_EQ(written(value), std::to_string(value));
    }
  }
  for (int i = 0; i < 64; ++i) {
    const uint64_t value = uint64_t{1} << i;
    EXPECT_EQ(written(value - 1), std::to_string(value - 1));
    EXPECT_EQ(written(value), std::to_string(value));
  }
  EXPECT_EQ(written(std::numeric_limits<uint64_t>::max()), "18446744073709551615");
}

TEST(digits, signs) {
  for (const int64_t value : {std::numeric_limits<int64_t>::min(), int64_t{-1}, int64_t{0},
                              std::numeric_limits<int64_t>::max()}) {
    char text[kDigitsMax + 1 + kDigitsSlack];
    EXPECT_EQ(std::string(text, write_int64(value, text)), std::to_string(value));
  }
}

TEST(digits, padding) {
  EXPECT_EQ(padded(0, 1), "0");
  EXPECT_EQ(padded(7, 2), "07");
  EXPECT_EQ(padded(123456, 6), "123456");
  EXPECT_EQ(padded(42, 19), "0000000000000000042");
  EXPECT_EQ(padded(1234567890123456789U, 19), "1234567890123456789");
  const std::string longest = "000018446744073709551615";
  for (int width = 1; width <= 24; ++width) {
    EXPECT_EQ(padded(std::numeric_limits<uint64_t>::max(), width),
              longest.substr(24 - static_cast<size_t>(width)));
  }
}

TEST(digits, nothing_is_overwritten_behind_the_slack) {
  const auto untouched_from = [](auto write) {
    std::string text(64, '#');
    const char* const end = write(text.data());
    const auto behind = static_cast<size_t>(end - text.data()) + kDigitsSlack;
    return text.find_first_not_of('#', behind) == std::string::npos;
  };
  for (const uint64_t power : kPowersOfTen) {
    for (const uint64_t value : {power - 1, power}) {
      EXPECT_TRUE(untouched_from([&](char* out) { return write_uint64(value, out); })) << value;
      EXPECT_TRUE(untouched_from([&](char* out) {
        return write_int64(-static_cast<int64_t>(value), out);
      })) << value;
    }
  }
  for (int width = 1; width <= 24; ++width) {
    EXPECT_TRUE(untouched_from([&](char* out) { return write_padded(7, width, out); })) << width;
  }
}

TEST(digits, a_tag_tells_all_values_apart_and_is_fit_for_a_name) {
  std::set<std::string> tags;
  for (int bit = 0; bit < 64; ++bit) {
    for (const uint64_t value : {uint64_t{1} << bit, ~(uint64_t{1} << bit)}) {
      std::string tag(kTagSize, '\0');
      EXPECT_EQ(write_tag(value, tag.data()), tag.data() + kTagSize);
      EXPECT_EQ(tag.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
                                      "abcdefghijklmnopqrstuvwxyz"),
                std::string::npos);
      tags.insert(tag);
    }
  }
  EXPECT_EQ(tags.size(), 128U);
}

}  // namespace
}  // namespace penstock
