#include "codecs/event.h"

#include "testing/test_events.h"

namespace penstock::codecs {
namespace {

TEST(event_format, leaves_out_what_an_event_does_not_have) {
  TestEvents events;
  EXPECT_EQ(TestEvents::encode(EventEncoder(), events.raw("a\n\"b")),
            R"({"id":"id-1","op":"message","stream":"orders","raw":"a\n\"b",)"
            R"("at":"2024-01-31T12:00:00.000000Z"})");
  EXPECT_EQ(TestEvents::encode(EventEncoder(), events.raw("\xff\xfe")),
            R"({"id":"id-1","op":"message","stream":"orders","raw_base64":"//4=",)"
            R"("at":"2024-01-31T12:00:00.000000Z"})");
  Event change = events.raw("the source's own text");
  change.op = Op::update;
  change.key = events.document(R"({"k":1})");
  change.before = events.document(R"({"k":1,"v":1})");
  change.after = events.document(R"({"k":1,"v":2})");
  change.meta = events.document(R"({"m":true})");
  EXPECT_EQ(TestEvents::encode(EventEncoder(), change),
            R"({"id":"id-1","op":"update","stream":"orders","key":{"k":1},"before":{"k":1,"v":1},)"
            R"("after":{"k":1,"v":2},"at":"2024-01-31T12:00:00.000000Z","meta":{"m":true}})");
}

// Texts of every length, so that one of them ends just where the room of the output does.
TEST(event_format, has_room_for_texts_of_every_length) {
  TestEvents events;
  for (size_t size = 0; size < 600; ++size) {
    const std::string controls(size, '\x01');
    std::string escaped;
    for (size_t i = 0; i < size; ++i) {
      escaped += "\\u0001";
    }
    Event event = events.raw("");
    event.has_raw = false;
    event.op = Op::insert;
    event.id = controls;
    event.stream = controls;
    const std::string document = R"({")" + escaped + R"(":")" + escaped + R"("})";
    event.key = event.after = event.meta = events.document(document);
    EXPECT_EQ(TestEvents::encode(EventEncoder(), event),
              R"({"id":")" + escaped + R"(","op":"insert","stream":")" + escaped + R"(","key":)" +
                  document + R"(,"after":)" + document +
                  R"(,"at":"2024-01-31T12:00:00.000000Z","meta":)" + document + "}");
  }
}

TEST(event_format, comes_back_from_its_text_with_every_digit) {
  TestEvents events;
  Event change = events.raw("");
  change.has_raw = false;
  change.op = Op::insert;
  change.after = events.document(kHardJson);
  change.key = events.document(R"({"id":98765432109876543210987654321098765432109876543210})");
  for (const Event& event :
       {change, events.raw("te\"xt\n"), events.raw("\xff\xfe"), events.raw("")}) {
    const std::string text = TestEvents::encode(EventEncoder(), event);
    Event back = events.raw(text);
    back.id = "another";
    const auto decoded = EventDecoder().decode(back, events.arena());
    ASSERT_TRUE(decoded) << decoded.error().what;
    EXPECT_EQ(TestEvents::encode(EventEncoder(), back), text);
    EXPECT_EQ(back.has_raw, event.has_raw);
    EXPECT_EQ(back.raw, event.raw);
    EXPECT_EQ(back.at, event.at);
  }
}

TEST(event_format, what_is_no_envelope_is_rejected_and_the_event_stays_as_it_was) {
  TestEvents events;
  for (const std::string_view text :
       {"", "x", "[]", "{}", R"({"id":"a"})", R"({"op":"fly"})", R"({"op":1})",
        R"({"op":"insert","after":[1]})", R"({"op":"insert","at":"noon"})",
        R"({"op":"insert","extra":1})", R"({"op":"insert","raw_base64":"*"})",
        R"({"op":"insert","op":"remove"})"}) {
    Event event = events.raw(text);
    const auto decoded = EventDecoder().decode(event, events.arena());
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().kind, Error::Kind::rejected);
    EXPECT_EQ(event.id, "id-1");
    EXPECT_EQ(event.raw, text);
  }
}

TEST(event_format, a_stored_event_shows_its_data_with_its_own_digits) {
  TestEvents events;
  const std::string twice = R"({"a":1,"a":1e400})";
  Event stored = events.raw(twice);
  stored.op = Op::insert;
  stored.after = events.document(R"({"stream":"s","sequence":7,"id":"id-1",)"
                                 R"("at":"2024-01-31T12:00:00Z","type":"t","data":"text"})");
  const std::string text = TestEvents::encode(EventEncoder(), stored);
  EXPECT_NE(text.find("\"sequence\":7"), std::string::npos) << text;
  EXPECT_NE(text.find("\"data\":" + twice + "}"), std::string::npos) << text;
}

}  // namespace
}  // namespace penstock::codecs
