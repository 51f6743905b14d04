// Set, remove and rename: what they have in common and what each does.
#include "doc/losses.h"
#include "testing/test_context.h"
#include "testing/test_events.h"
#include "transforms/remove.h"
#include "transforms/rename.h"
#include "transforms/set.h"

namespace penstock::transforms {
namespace {

constexpr std::string_view kLong = "12345678901234567890123456789012345678901234567890";

class EditTest : public testing::Test {
 protected:
  // The event's stream and documents after the transform, or its error.
  template <class T>
  std::string apply(typename T::Settings settings, const Event& event) {
    auto transform = T::make(std::move(settings), context_.context());
    if (!transform) {
      return "make: " + transform.error().what;
    }
    std::vector<Event> out;
    auto applied = (*transform)->apply(event, events_.arena(), out);
    if (!applied) {
      EXPECT_EQ(applied.error().kind, Error::Kind::rejected);
      EXPECT_TRUE(out.empty());
      return "rejected: " + applied.error().what;
    }
    EXPECT_EQ(out.size(), 1U);
    last_ = out.at(0);
    std::string text(last_.stream);
    for (const Document& document : {last_.key, last_.before, last_.after, last_.meta}) {
      text += " " + TestEvents::json(document);
    }
    return text;
  }
  std::string set(std::string_view values, const Event& event) {
    return apply<Set>({.values = std::string(values)}, event);
  }
  Event event(std::string_view after) {
    Event made = events_.raw("payload");
    made.after = events_.document(after);
    return made;
  }

  TestContext context_;
  TestEvents events_;
  Event last_;
};

TEST_F(EditTest, set_gives_literals_and_templates_in_place_or_behind) {
  EXPECT_EQ(set(R"({"after.a":1,"after.n.m":{"x":[true,null]},"after.t":"{stream}/{after.b}!"})",
                event(R"({"a":"old","b":1.50})")),
            R"(orders   {"a":1,"b":1.50,"n":{"m":{"x":[true,null]}},"t":"orders/1.50!"} )");
  EXPECT_FALSE(last_.has_raw);
  EXPECT_EQ(set(R"({"after.b":"{after.a}","key.id":"{after.a}","meta.s":"{{x}}"})",
                event(R"({"a":{"deep":[1]}})")),
            R"(orders {"id":{"deep":[1]}}  {"a":{"deep":[1]},"b":{"deep":[1]}} {"s":"{x}"})");
  EXPECT_EQ(set(R"({"stream":"{after.kind}s"})", event(R"({"kind":"dog"})")),
            R"(dogs   {"kind":"dog"} )");
  EXPECT_TRUE(last_.has_raw);
}

TEST_F(EditTest, set_invents_no_image_and_rejects_what_is_missing_or_in_the_way) {
  EXPECT_EQ(set(R"({"after.a":1,"before.a":1})", events_.raw("payload")), "orders    ");
  EXPECT_TRUE(last_.has_raw);
  EXPECT_TRUE(set(R"({"after.a":"{after.none}"})", event("{}")).starts_with("rejected: "));
  EXPECT_TRUE(set(R"({"after.a.b":1})", event(R"({"a":1})")).starts_with("rejected: "));
  for (const std::string_view bad : {R"({"nothing":1})", R"({"after":1})", R"({"id":"x"})",
                                     R"({"after.":1})", R"({"after.a":"{"})", R"({"stream":1})",
                                     R"({"after.a":"{oops}"})", R"({"after.a":"}"})", "[]", ""}) {
    EXPECT_TRUE(set(bad, event("{}")).starts_with("make: ")) << bad;
  }
}

TEST_F(EditTest, remove_takes_out_values_and_whole_images) {
  Event change = event(R"({"a":{"b":1,"c":2},"d":3})");
  change.before = events_.document(R"({"x":1})");
  EXPECT_EQ(apply<Remove>({.paths = {"after.a.b", "after.none", "after.d.e", "before"}}, change),
            R"(orders   {"a":{"c":2},"d":3} )");
  EXPECT_FALSE(last_.has_raw);
  apply<Remove>({.paths = {"after.none"}}, change);
  EXPECT_TRUE(last_.has_raw);
  EXPECT_TRUE(apply<Remove>({.paths = {"stream"}}, change).starts_with("make: "));
}

TEST_F(EditTest, rename_moves_values_also_between_images) {
  EXPECT_EQ(apply<Rename>({.names = {{"after.a", "after.n.z"}, {"after.b", "meta.b"}}},
                          event(R"({"a":1,"b":2,"c":3})")),
            R"(orders   {"c":3,"n":{"z":1}} {"b":2})");
  EXPECT_EQ(apply<Rename>({.names = {{"after.none", "after.x"}}}, event(R"({"a":1})")),
            R"(orders   {"a":1} )");
  EXPECT_TRUE(last_.has_raw);
  EXPECT_TRUE(apply<Rename>({.names = {{"after", "meta.x"}}}, event("{}")).starts_with("make: "));
  EXPECT_TRUE(apply<Rename>({.names = {{"after.a", "after.b.c"}}}, event(R"({"a":1,"b":2})"))
                  .starts_with("rejected: "));
}

TEST_F(EditTest, digits_that_no_number_holds_move_along) {
  const std::string number(kLong);
  const Event start =
      event(R"({"a":)" + number + R"(,"n":{"x/y":)" + number + R"(,"z":1},"l":[)" + number + "]}");
  EXPECT_EQ(apply<Remove>({.paths = {"after.a"}}, start),
            R"(orders   {"n":{"x/y":)" + number + R"(,"z":1},"l":[)" + number + "]} ");
  EXPECT_EQ(apply<Rename>({.names = {{"after.n", "after.m"}}}, start),
            R"(orders   {"a":)" + number + R"(,"l":[)" + number + R"(],"m":{"x/y":)" + number +
                R"(,"z":1}} )");
  EXPECT_EQ(set(R"({"after.a":)" + number + R"(1,"after.n.z":"{after.l}"})", start),
            R"(orders   {"a":)" + number + R"(1,"n":{"x/y":)" + number + R"(,"z":[)" + number +
                R"(]},"l":[)" + number + "]} ");
}

}  // namespace
}  // namespace penstock::transforms
