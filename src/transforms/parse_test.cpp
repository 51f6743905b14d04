#include "transforms/parse.h"

#include "testing/test_events.h"

namespace penstock::transforms {
namespace {

TEST(parse, an_object_becomes_the_document_and_the_payload_stays) {
  TestEvents events;
  std::vector<Event> out;
  ASSERT_TRUE(Parse({}, true).apply(events.raw(kHardJson), events.arena(), out));
  ASSERT_EQ(out.size(), 1U);
  EXPECT_TRUE(out[0].has_raw);
  EXPECT_EQ(out[0].raw, kHardJson);
  EXPECT_TRUE(out[0].after.present());
}

TEST(parse, what_is_no_object_stays_bytes_or_is_rejected) {
  TestEvents events;
  for (const std::string_view text : {"", "[1]", "1", "text", "\xff", R"({"a":1,"a":2})", "{"}) {
    std::vector<Event> out;
    ASSERT_TRUE(Parse({}, false).apply(events.raw(text), events.arena(), out)) << text;
    ASSERT_EQ(out.size(), 1U);
    EXPECT_FALSE(out[0].after.present());
    EXPECT_EQ(out[0].raw, text);
    out.clear();
    const auto applied = Parse({}, true).apply(events.raw(text), events.arena(), out);
    ASSERT_FALSE(applied) << text;
    EXPECT_EQ(applied.error().kind, Error::Kind::rejected);
    EXPECT_TRUE(out.empty());
  }
}

TEST(parse, an_event_with_documents_passes_as_it_is) {
  TestEvents events;
  Event event = events.raw(R"({"raw":1})");
  event.after = events.document(R"({"after":1})");
  std::vector<Event> out;
  ASSERT_TRUE(Parse({}, true).apply(event, events.arena(), out));
  EXPECT_EQ(TestEvents::json(out.at(0).after), R"({"after":1})");
}

}  // namespace
}  // namespace penstock::transforms
