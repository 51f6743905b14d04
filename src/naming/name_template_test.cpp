#include "naming/name_template.h"

#include <gtest/gtest.h>

#include "testing/test_collision.h"

#include <set>

#include "base/sha256.h"
#include "doc/bson.h"

namespace penstock {
namespace {

using namespace std::string_literals;

// 2024-02-29T05:06:07.890Z
constexpr Timestamp kAt{1'709'183'167'890'000};

class NameTemplateTest : public testing::Test {
 protected:
  NameTemplateTest() {
    event.stream = "shop.orders";
    event.op = Op::insert;
    event.at = kAt;
    doc::BsonWriter key(arena);
    key.int64("_id", 42);
    event.key = key.finish();
    doc::BsonWriter after(arena);
    after.string("type", "paid");
    after.null("nothing");
    after.begin_document("a");
    after.int32("b", 7);
    after.end();
    event.after = after.finish();
    doc::BsonWriter meta(arena);
    meta.string("region", "eu");
    event.meta = meta.finish();
  }

  std::string render(std::string_view text) {
    const auto name = NameTemplate::parse(text);
    if (!name) {
      return "parse: " + name.error().what;
    }
    std::string out = "kept:";
    const auto done = name->render(event, out);
    if (!done) {
      EXPECT_EQ(done.error().kind, Error::Kind::rejected);
      EXPECT_EQ(out, "kept:");
      return "rejected: " + done.error().what;
    }
    EXPECT_TRUE(out.starts_with("kept:"));
    return out.substr(5);
  }
  std::string with_stream(std::string_view text, std::string_view stream) {
    event.stream = stream;
    return render(text);
  }

  Arena arena;
  Event event;
};

TEST_F(NameTemplateTest, every_placeholder_renders) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"", ""},
      {"constant", "constant"},
      {"./lake/{stream}/{yyyy}/{mm}/{dd}", "./lake/shop.orders/2024/02/29"},
      {"{database}-{collection}", "shop-orders"},
      {"{table}", "shop.orders"},
      {"{key}", "42"},
      {"{op}", "insert"},
      {"{hh}", "05"},
      {"{meta.region}/{after.type}/{after.a.b}", "eu/paid/7"},
      {"{after.a}", R"({"b":7})"},
      {"/absolute/{op}", "/absolute/insert"},
      {"/", "/"},
      {"a//b///{op}/", "a/b/insert"},
      {"http://host:80/{op}//x", "http://host:80/insert/x"},
      {"../up/{op}", "../up/insert"},
      {"}{op}}", "}insert}"},
  };
  for (const auto& [text, name] : rows) {
    EXPECT_EQ(render(text), name) << text;
  }
}

TEST_F(NameTemplateTest, what_comes_from_data_cannot_leave_its_segment) {
  const std::pair<std::string, std::string_view> rows[] = {
      {"a/b", "x/a%2Fb/y"},
      {"..", "x/%2E./y"},
      {".", "x/%2E/y"},
      {"../../etc", "x/%2E.%2F..%2Fetc/y"},
      {".hidden", "x/%2Ehidden/y"},
      {"a..b", "x/a..b/y"},
      {"50%", "x/50%25/y"},
      {"%2F", "x/%252F/y"},
      {"a\0b\n\x7f"s, "x/a%00b%0A%7F/y"},
      {"\xff\xc3", "x/%FF%C3/y"},
      {"é😀", "x/é😀/y"},
      {"", "x/y"},
  };
  for (const auto& [stream, name] : rows) {
    EXPECT_EQ(with_stream("x/{stream}/y", stream), name) << stream;
  }
  EXPECT_EQ(with_stream("{stream}/a", ""), "a");  // never a path from the root
  EXPECT_EQ(with_stream("a/{stream}", ""), "a");
  EXPECT_EQ(with_stream("a/.{stream}/b", ""), "a/%2E/b");
  EXPECT_EQ(with_stream("a/{stream}./b", "."), "a/%2E./b");
  EXPECT_EQ(with_stream("a/{stream}{stream}/b", "."), "a/%2E./b");
}

TEST_F(NameTemplateTest, two_values_never_meet) {
  std::vector<std::string> values = {"a/b", "a%2Fb", "a%252Fb", "",   "/",    "%",   "%25", ".",
                                     "%2E", "..",    "%2E.",    ".a", "\xff", "%FF", "\0"s, "%00"};
  for (const size_t size : {150U, 165U, 166U, 199U, 200U, 201U, 300U, 1000U}) {
    values.push_back(std::string(size, 'x'));
    values.push_back(std::string(size, 'x') + "y");
    values.push_back(std::string(size, '/'));
    values.push_back("é" + std::string(size, 'x'));
  }
  const auto [mine, yours] = colliding_texts();
  values.insert(values.end(), {mine, yours});
  const auto longest = with_stream("{stream}", values.back());
  values.push_back(longest);  // what a cut one looks like, as a value of its own
  std::set<std::string> names;
  for (const std::string& value : values) {
    const std::string name = with_stream("{stream}", value);
    EXPECT_LE(name.size(), 200U) << value;
    EXPECT_TRUE(names.insert(name).second) << value << " → " << name;
  }
}

// What the version before named is on disks.
TEST_F(NameTemplateTest, old_names_of_long_values_can_still_be_made) {
  event.stream = "a.b";
  const auto name = *NameTemplate::parse("x/{stream}/y");
  std::string now, old;
  ASSERT_TRUE(name.render(event, now));
  ASSERT_TRUE(name.render(event, old, NameTemplate::Hashes::old));
  EXPECT_EQ(now, old);
  const std::string value(300, 'v');
  event.stream = value;
  now.clear();
  old.clear();
  ASSERT_TRUE(name.render(event, now));
  ASSERT_TRUE(name.render(event, old, NameTemplate::Hashes::old));
  EXPECT_EQ(now, "x/" + std::string(133, 'v') + "%2D" + sha256_hex(value) + "/y");
  EXPECT_EQ(old, "x/" + std::string(165, 'v') + "%2Db229c5496f76c099dc0597c2dc30ea00/y");
}

TEST_F(NameTemplateTest, a_missing_field_rejects_the_event_and_is_named) {
  EXPECT_EQ(render("x{after.none}"), "rejected: name {after.none}: the event has no such field");
  EXPECT_EQ(render("{after.nothing}"),
            "rejected: name {after.nothing}: the event has no such field");
  EXPECT_EQ(render("{before.type}"), "rejected: name {before.type}: the event has no such field");
  event.key = {};
  EXPECT_EQ(render("{key}"), "rejected: name {key}: the event has no key");
  EXPECT_NE(with_stream("{database}", "orders").find("the stream `orders`"), std::string::npos);
  event.at = {INT64_MAX};
  EXPECT_NE(render("{yyyy}").find("rejected"), std::string::npos);
  event.at = {INT64_MIN};
  EXPECT_NE(render("{hh}").find("rejected"), std::string::npos);
}

TEST_F(NameTemplateTest, a_bad_template_is_named) {
  EXPECT_NE(render("a{nope}").find("unknown placeholder `{nope}`"), std::string::npos);
  EXPECT_NE(render("a{}").find("unknown placeholder"), std::string::npos);
  EXPECT_NE(render("a{after.}").find("unknown placeholder"), std::string::npos);
  EXPECT_NE(render("a{after").find("`{` without its `}`"), std::string::npos);
}

TEST_F(NameTemplateTest, alike_is_said_only_of_events_with_one_name) {
  const std::string_view texts[] = {"x/{stream}", "{database}/{hh}", "{yyyy}/{op}", "{dd}", "x"};
  std::vector<Event> events;
  for (const std::string_view stream : {"a.b", "a.c"}) {
    for (const Op op : {Op::insert, Op::remove}) {
      for (const int64_t at : {int64_t{-1}, int64_t{1}, int64_t{0}, int64_t{3'599'999'999},
                               int64_t{3'600'000'000}, kAt.micros, kAt.micros + 1}) {
        Event made;
        made.stream = stream;
        made.op = op;
        made.at = {at};
        events.push_back(made);
      }
    }
  }
  int alike = 0;
  for (const std::string_view text : texts) {
    const auto name = *NameTemplate::parse(text);
    for (const Event& one : events) {
      for (const Event& other : events) {
        std::string first, second;
        ASSERT_TRUE(name.render(one, first));
        ASSERT_TRUE(name.render(other, second));
        if (name.is_surely_alike(one, other)) {
          ++alike;
          EXPECT_EQ(first, second) << text;
        }
      }
    }
  }
  EXPECT_GT(alike, 1000);
  EXPECT_FALSE(NameTemplate::parse("{after.type}")->is_surely_alike(event, event));
  EXPECT_FALSE(NameTemplate::parse("{key}")->is_surely_alike(event, event));
}

TEST_F(NameTemplateTest, the_fixed_part_is_known) {
  EXPECT_EQ(NameTemplate::parse("./lake/x{stream}/a")->fixed_folder(), "./lake/");
  EXPECT_EQ(NameTemplate::parse("{stream}/a")->fixed_folder(), "");
  EXPECT_EQ(NameTemplate::parse("lake")->fixed_folder(), "");
  EXPECT_TRUE(NameTemplate::parse("lake")->is_constant());
  EXPECT_FALSE(NameTemplate::parse("lake{op}")->is_constant());
}

}  // namespace
}  // namespace penstock
