#include "naming/object_name.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace penstock {
namespace {

using namespace std::string_view_literals;

constexpr PartOwner kOwner{.pipeline = "p", .sink = "s"};

TEST(object_name, comes_back_from_its_name_whatever_the_part_holds) {
  for (const std::string_view part :
       {"inbox"sv, "a_b_00"sv, "/var/log/x.log"sv, "../.."sv, "\0\n"sv, ""sv, "caf\xc3\xa9"sv}) {
    for (const std::string& selection :
         {std::string(), object_selection("a"), object_selection("")}) {
      const auto name =
          object_name({object_part(kOwner, part), "\x01\xff", "\x02", selection}, "ndjson.gz", 255);
      ASSERT_TRUE(name);
      EXPECT_EQ(name->find('/'), std::string::npos);
      const auto parsed = parse_object_name(*name);
      ASSERT_TRUE(parsed) << *name;
      EXPECT_EQ(parsed->part, object_part(kOwner, part));
      EXPECT_EQ(parsed->first, "\x01\xff"sv);
      EXPECT_EQ(parsed->last, "\x02"sv);
      EXPECT_EQ(parsed->selection, selection);
    }
  }
}

// What the version before wrote is on disks.
TEST(object_name, names_without_a_dot_are_what_they_were) {
  EXPECT_EQ(object_part({.pipeline = "follow", .sink = "files"}, "in/a b.ndjson"),
            "follow.files.in%2Fa%20b.ndjson");
  for (const std::string_view part : {"inbox", "in/a b.ndjson", ".x", ""}) {
    EXPECT_EQ(object_part(kOwner, part), old_object_part(kOwner, part));
  }
  EXPECT_EQ(old_object_part(kOwner, std::string(200, 'x')),
            "p.s." + std::string(62, 'x') + "%~249f9e8a12c6755112f6f85a240116b8");
  EXPECT_EQ(*object_name({"p.s.inbox", "\x01", "\x02"}, "ndjson", 255), "p.s.inbox_01_02.ndjson");
  EXPECT_EQ(parse_object_name("p.s.inbox_01_02.ndjson.gz")->selection, "");
}

TEST(object_name, two_owners_never_share_a_part_nor_two_parts_of_one) {
  struct Row {
    std::string_view pipeline, sink, part;
  };
  const Row rows[] = {
      {"orders", "eu.lake", "x"},
      {"orders.eu", "lake", "x"},
      {"orders", "eu", "lake.x"},
      {"orders.eu.lake", "x", ""},
      {"orders", "eu%2Elake", "x"},
      {".", ".", "."},
      {"", "", ""},
      {"", ".", ""},
      {".", "", ""},
      {"%2E", "", ""},
  };
  std::set<std::string> parts;
  for (const Row& row : rows) {
    for (const size_t longer : {0U, 1000U}) {
      const PartOwner owner{.pipeline = row.pipeline, .sink = row.sink};
      const std::string part = object_part(owner, std::string(row.part) + std::string(longer, '+'));
      EXPECT_TRUE(parts.insert(part).second) << part;
      EXPECT_LE(part.size(), 100U);
      EXPECT_NE(part.front(), '.');
      EXPECT_TRUE(part.starts_with(object_prefix(owner))) << part;
      const std::string old =
          old_object_part(owner, std::string(row.part) + std::string(longer, '+'));
      EXPECT_TRUE(old.starts_with(old_object_prefix(owner))) << old;
    }
  }
}

TEST(object_name, names_of_a_part_sort_in_its_order) {
  std::vector<std::string> names;
  for (const std::string_view order : {"\0\0"sv, "\0\1"sv, "\0\xff"sv, "\1\0"sv, "\xff\xff"sv}) {
    const std::string both(order);
    names.push_back(*object_name({"p", both, both, object_selection(order)}, "x", 255));
  }
  EXPECT_TRUE(std::ranges::is_sorted(names));
}

TEST(object_name, long_parts_stay_legal_and_apart) {
  const std::string one(1000, 'x');
  const std::string two = one + "y";
  EXPECT_LE(object_part(kOwner, one).size(), 100U);
  EXPECT_NE(object_part(kOwner, one), object_part(kOwner, two));
  EXPECT_TRUE(object_name({object_part(kOwner, one), std::string(16, 'a'), std::string(16, 'b')},
                          "ndjson", 255));
}

TEST(object_name, an_order_that_fits_no_name_is_an_error) {
  EXPECT_FALSE(object_name({"p", std::string(200, 'a'), "b"}, "x", 255));
  EXPECT_FALSE(object_name({"p", "", ""}, "x", 255));
  EXPECT_TRUE(object_name({"p", "a", "b"}, "x", 9));
  EXPECT_FALSE(object_name({"p", "a", "b"}, "x", 8));
}

TEST(object_name, foreign_names_are_none_of_ours) {
  for (const std::string_view name :
       {""sv, "_"sv, "a"sv, "a_b"sv, "part_01_zz.x"sv, "part_1_02.x"sv, "part_02_01.x"sv,
        "part_01_02"sv, ".part_01_02.x"sv, "_01_02.x"sv, "part__.x"sv}) {
    EXPECT_FALSE(parse_object_name(name)) << name;
  }
  EXPECT_FALSE(parse_object_name(replay_object_name("p", "01", "x")));
  EXPECT_FALSE(parse_object_name(replay_object_name("p_01", "01", "x")));
  EXPECT_FALSE(parse_object_name(unique_object_name("p", 1, 2, "x")));
  EXPECT_FALSE(parse_object_name(unique_object_name("p_01", 1, 2, "x")));
}

class CoverageTest : public testing::Test {
 protected:
  std::string add(std::string part, std::string first, std::string last, bool certain = true) {
    const ObjectName object{std::move(part), std::move(first), std::move(last)};
    const std::string name = *object_name(object, "ndjson", 255);
    coverage.add(name, object, certain);
    return name;
  }
  Coverage coverage;
};

TEST_F(CoverageTest, an_order_is_covered_only_inside_an_object_of_its_part) {
  add("p", "e", "g");
  add("p", "a", "c");
  add("q", "x", "z");
  add("p", "f", "f");
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

TEST_F(CoverageTest, an_object_in_doubt_covers_nothing_and_is_named) {
  const std::string wide = add("p", "b", "y", false);
  const std::string inside = add("p", "d", "e", false);
  add("p", "f", "g");
  EXPECT_FALSE(coverage.covers("p", "c"));
  EXPECT_TRUE(coverage.covers("p", "f"));
  EXPECT_EQ(coverage.in_doubt("p", "c"), wide);
  EXPECT_EQ(coverage.in_doubt("p", "x"), wide);
  EXPECT_EQ(coverage.in_doubt("p", "z"), std::nullopt);
  EXPECT_EQ(coverage.in_doubt("q", "c"), std::nullopt);
}

TEST_F(CoverageTest, what_is_behind_is_forgotten_and_missed_when_the_part_goes_back) {
  add("p", "a", "c");
  add("p", "d", "e", false);
  add("q", "a", "c");
  const size_t before = coverage.bytes();
  EXPECT_TRUE(coverage.begin_at("p", "b"));
  EXPECT_TRUE(coverage.begin_at("p", "e"));
  EXPECT_EQ(coverage.bytes(), before);
  EXPECT_TRUE(coverage.begin_at("p", "f"));
  EXPECT_LT(coverage.bytes(), before);
  EXPECT_TRUE(coverage.is_empty_for("p"));
  EXPECT_FALSE(coverage.is_empty_for("q"));
  EXPECT_TRUE(coverage.begin_at("p", "g"));
  EXPECT_TRUE(coverage.begin_at("p", "f"));
  EXPECT_FALSE(coverage.begin_at("p", "e"));
  EXPECT_TRUE(coverage.begin_at("r", "a"));
}

}  // namespace
}  // namespace penstock
