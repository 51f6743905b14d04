#include "doc/decimal128.h"

#include "base/digits.h"

#include <gtest/gtest.h>

#include <limits>

namespace penstock::doc {
namespace {

struct NumberRow {
  const char* text;
  NumberKind kind;
  const char* written;
};

class Numbers : public testing::TestWithParam<NumberRow> {};

std::string written(NumberKind kind, const Number& number) {
  char text[kNumberTextMax];
  char* end = text;
  if (kind == NumberKind::decimal128) {
    end = write_decimal128(number.decimal, text);
  } else if (kind == NumberKind::int32 || kind == NumberKind::int64) {
    end = write_int64(number.integer, text);
  }
  return {text, end};
}

TEST_P(Numbers, are_parsed_exactly_and_written) {
  const std::string text = GetParam().text;
  Number number;
  const NumberKind kind =
      parse_number(text.data(), text.data() + text.size(), NumberGrammar::dynamodb, number);
  EXPECT_EQ(kind, GetParam().kind);
  EXPECT_EQ(written(kind, number), GetParam().written);
}

constexpr auto kInt = NumberKind::int32;
constexpr auto kLong = NumberKind::int64;
constexpr auto kDecimal = NumberKind::decimal128;
constexpr auto kInexact = NumberKind::inexact;
constexpr auto kInvalid = NumberKind::invalid;

INSTANTIATE_TEST_SUITE_P(
    decimal128, Numbers,
    testing::Values(
        NumberRow{"0", kInt, "0"}, NumberRow{"-2147483648", kInt, "-2147483648"},
        NumberRow{"-2147483649", kLong, "-2147483649"},
        NumberRow{"9223372036854775807", kLong, "9223372036854775807"},
        NumberRow{"-9223372036854775808", kLong, "-9223372036854775808"},
        NumberRow{"-9223372036854775809", kDecimal, "-9223372036854775809"},
        NumberRow{"18446744073709551616", kDecimal, "18446744073709551616"},
        NumberRow{"0000000000000000000000000000000000000001", kInt, "1"},
        NumberRow{"-0", kDecimal, "-0"}, NumberRow{"1.0", kDecimal, "1.0"},
        NumberRow{"1E2", kDecimal, "1E+2"}, NumberRow{"1.50e-10", kDecimal, "1.50E-10"},
        NumberRow{"0.000001", kDecimal, "0.000001"}, NumberRow{"0.0000001", kDecimal, "1E-7"},
        NumberRow{".5", kDecimal, "0.5"}, NumberRow{"5.", kDecimal, "5"},
        NumberRow{"9999999999999999999999999999999999", kDecimal,
                  "9999999999999999999999999999999999"},
        NumberRow{"99999999999999999999999999999999990", kDecimal,
                  "9.999999999999999999999999999999999E+34"},
        NumberRow{"99999999999999999999999999999999999", kInexact, ""},
        NumberRow{"1e6111", kDecimal, "1E+6111"}, NumberRow{"1e6112", kDecimal, "1.0E+6112"},
        NumberRow{"1e6144", kDecimal, "1.000000000000000000000000000000000E+6144"},
        NumberRow{"1e6145", kInexact, ""}, NumberRow{"1e-6176", kDecimal, "1E-6176"},
        NumberRow{"10e-6177", kDecimal, "1E-6176"}, NumberRow{"1e-6177", kInexact, ""},
        NumberRow{"0e99999999999999999999", kDecimal, "0E+6111"},
        NumberRow{"1e99999999999999999999", kInexact, ""}, NumberRow{"", kInvalid, ""},
        NumberRow{"-", kInvalid, ""}, NumberRow{".", kInvalid, ""}, NumberRow{"1e", kInvalid, ""},
        NumberRow{"1x", kInvalid, ""}, NumberRow{"--1", kInvalid, ""},
        NumberRow{"1 ", kInvalid, ""}, NumberRow{"Infinity", kInvalid, ""},
        NumberRow{"12345678/", kInvalid, ""}, NumberRow{"1234567:", kInvalid, ""}));

TEST(write_decimal128, writes_what_no_text_here_becomes) {
  const auto text = [](Decimal128 value) {
    char out[kNumberTextMax];
    return std::string(out, write_decimal128(value, out));
  };
  EXPECT_EQ(text({0, uint64_t{0x7C} << 56}), "NaN");
  EXPECT_EQ(text({0, uint64_t{0x78} << 56}), "Infinity");
  EXPECT_EQ(text({0, uint64_t{0xF8} << 56}), "-Infinity");
  // Coefficients of 10^34 and more are not canonical, and zero.
  EXPECT_EQ(text({~uint64_t{0}, 0x3041FFFFFFFFFFFF}), "0");
  EXPECT_EQ(text({5, uint64_t{0x6C10} << 48}), "0");
}

TEST(write_double, writes_the_shortest_text_of_a_double) {
  const auto text = [](double value) {
    char out[kNumberTextMax];
    return std::string(out, write_double(value, out));
  };
  EXPECT_EQ(text(1), "1.0");
  EXPECT_EQ(text(-0.0), "-0.0");
  EXPECT_EQ(text(0.1), "0.1");
  EXPECT_EQ(text(1e300), "1e+300");
  EXPECT_EQ(text(std::numeric_limits<double>::denorm_min()), "5e-324");
  EXPECT_EQ(text(-std::numeric_limits<double>::infinity()), "-Infinity");
}

}  // namespace
}  // namespace penstock::doc
