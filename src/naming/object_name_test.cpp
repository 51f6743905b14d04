#include "naming/object_name.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace penstock {
namespace {

using namespace std::string_view_literals;

TEST(object_name, comes_back_from_its_name_whatever_the_part_holds) {
  for (const std::string_view part :
       {"inbox"sv, "a_b_00"sv, "/var/log/x.log"sv, "../.."sv, "\0\n"sv, ""sv, "caf\xc3\xa9"sv}) {
    const auto name = object_name(object_part(part), "\x01\xff"sv, "\x02"sv, "ndjson.gz");
    ASSERT_TRUE(name);
    EXPECT_EQ(name->find('/'), std::string::npos);
    const auto parsed = parse_object_name(*name);
    ASSERT_TRUE(parsed) << *name;
    EXPECT_EQ(parsed->part, object_part(part));
    EXPECT_EQ(parsed->first, "\x01\xff"sv);
    EXPECT_EQ(parsed->last, "\x02"sv);
  }
}

TEST(object_name, names_of_a_part_sort_in_its_order) {
  std::vector<std::string> names;
  for (const std::string_view order : {"\0\0"sv, "\0\1"sv, "\0\xff"sv, "\1\0"sv, "\xff\xff"sv}) {
    names.push_back(*object_name("p", order, order, "x"));
  }
  EXPECT_TRUE(std::ranges::is_sorted(names));
}

TEST(object_name, long_parts_stay_legal_and_apart) {
  const std::string one(1000, 'x');
  const std::string two = one + "y";
  EXPECT_LE(object_part(one).size(), 100U);
  EXPECT_NE(object_part(one), object_part(two));
  EXPECT_TRUE(object_name(object_part(one), std::string(16, 'a'), std::string(16, 'b'), "ndjson"));
}

TEST(object_name, an_order_that_fits_no_name_is_an_error) {
  EXPECT_FALSE(object_name("p", std::string(200, 'a'), "b", "x"));
  EXPECT_FALSE(object_name("p", "", "", "x"));
}

TEST(object_name, foreign_names_are_none_of_ours) {
  for (const std::string_view name :
       {""sv, "_"sv, "a"sv, "a_b"sv, "part_01_zz.x"sv, "part_1_02.x"sv, "part_02_01.x"sv,
        "part_01_02"sv, ".part_01_02.x"sv, "_01_02.x"sv, "part__.x"sv}) {
    EXPECT_FALSE(parse_object_name(name)) << name;
  }
  EXPECT_FALSE(parse_object_name(replay_object_name("p", 1, 2, "x")));
  EXPECT_FALSE(parse_object_name(replay_object_name("p_01", 1, 2, "x")));
  EXPECT_FALSE(parse_object_name(unique_object_name("p", 1, 2, "x")));
  EXPECT_FALSE(parse_object_name(unique_object_name("p_01", 1, 2, "x")));
}

TEST(coverage, an_order_is_covered_only_inside_an_object_of_its_part) {
  Coverage coverage;
  const auto add = [&](std::string_view part, std::string_view first, std::string_view last) {
    coverage.add(*object_name(part, first, last, "ndjson"));
  };
  add("p", "e", "g");
  add("p", "a", "c");
  add("q", "x", "z");
  add("p", "f", "f");
  coverage.add("notes.txt");
  for (const std::string_view order : {"a", "b", "c", "e", "f", "g"}) {
    EXPECT_TRUE(coverage.covers("p", order)) << order;
  }
  for (const std::string_view order : {"A", "d", "h", "y", "cc"}) {
    EXPECT_FALSE(coverage.covers("p", order)) << order;
  }
  EXPECT_TRUE(coverage.covers("q", "y"));
  EXPECT_FALSE(coverage.covers("r", "y"));
  EXPECT_TRUE(coverage.is_empty_for("r"));
  EXPECT_FALSE(coverage.is_empty_for("q"));
}

}  // namespace
}  // namespace penstock
