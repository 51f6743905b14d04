#include "transforms/filter.h"

#include "testing/test_context.h"
#include "testing/test_events.h"

namespace penstock::transforms {
namespace {

TEST(filter, lets_pass_what_matches) {
  TestContext context;
  TestEvents events;
  auto filter = Filter::make({.pattern = R"({"after":{"kind":["keep"]}})"}, context.context());
  ASSERT_TRUE(filter) << filter.error().what;
  for (const auto& [text, passes] :
       {std::pair{R"({"kind":"keep"})", true}, std::pair{R"({"kind":"drop"})", false}}) {
    Event event = events.raw(text);
    event.after = events.document(text);
    std::vector<Event> out;
    ASSERT_TRUE((*filter)->apply(event, events.arena(), out));
    EXPECT_EQ(out.size(), passes ? 1U : 0U);
  }
}

TEST(filter, an_unknown_operator_is_an_error) {
  TestContext context;
  EXPECT_FALSE(Filter::make({.pattern = R"({"op":[{"sounds-like":"x"}]})"}, context.context()));
}

}  // namespace
}  // namespace penstock::transforms
