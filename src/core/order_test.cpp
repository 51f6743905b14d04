#include "core/order.h"

#include <gtest/gtest.h>

#include <string>

namespace penstock {
namespace {

std::string order(uint64_t generation, uint64_t place) {
  char bytes[kOrderSize];
  return std::string(write_order({.generation = generation, .place = place}, bytes));
}

TEST(Order, bytes_compare_as_the_numbers_do) {
  using namespace std::string_view_literals;
  EXPECT_EQ(order(1, 0x1234), "\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\x12\x34"sv);
  const std::string ascending[] = {order(0, 0),          order(0, 255),        order(0, 256),
                                   order(0, 1ULL << 63), order(0, UINT64_MAX), order(1, 0),
                                   order(256, 0),        order(UINT64_MAX, 0)};
  for (size_t i = 1; i < std::size(ascending); ++i) {
    EXPECT_LT(ascending[i - 1], ascending[i]) << i;
  }
}

TEST(Order, is_read_as_it_was_written) {
  const std::string bytes = order(7, UINT64_MAX - 1) + "behind";
  EXPECT_EQ(read_order(bytes).value().generation, 7u);
  EXPECT_EQ(read_order(bytes).value().place, UINT64_MAX - 1);
  EXPECT_FALSE(read_order(std::string_view(bytes).substr(0, kOrderSize - 1)));
}

}  // namespace
}  // namespace penstock
