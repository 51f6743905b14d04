#include "base/file_name.h"

#include <gtest/gtest.h>

#include "testing/test_collision.h"

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
  const auto [mine, yours] = colliding_texts();
  EXPECT_NE(file_name_of(mine), file_name_of(yours));
}

TEST(FileName, of_version_1_differs_only_where_it_is_cut) {
  EXPECT_EQ(file_name_of_version_1("a/b"), file_name_of("a/b"));
  EXPECT_EQ(file_name_of_version_1(std::string(200, 'x')),
            std::string(150, 'x') + "%~062dfbe359870f1a0f7bed28ebd8500d");
}

}  // namespace
}  // namespace penstock
