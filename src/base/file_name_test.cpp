#include "base/file_name.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(FileName, keeps_plain_names) {
  EXPECT_EQ(file_name_of("orders-2_a.b"), "orders-2_a.b");
}

TEST(FileName, encodes_what_could_leave_the_folder_or_meet_another_name) {
  EXPECT_EQ(file_name_of(".."), "%2E.");
  EXPECT_EQ(file_name_of("a/b"), "a%2Fb");
  EXPECT_EQ(file_name_of("a%2Fb"), "a%252Fb");
  EXPECT_EQ(file_name_of(""), "%");
  EXPECT_EQ(file_name_of(std::string_view("\0", 1)), "%00");
}

TEST(FileName, cuts_long_names_and_tells_them_apart) {
  const std::string one = file_name_of(std::string(400, 'x') + "1");
  const std::string two = file_name_of(std::string(400, 'x') + "2");
  EXPECT_LT(one.size(), 200U);
  EXPECT_NE(one, two);
}

}  // namespace
}  // namespace penstock
