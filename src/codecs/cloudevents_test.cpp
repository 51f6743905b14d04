#include "codecs/cloudevents.h"

#include <fmt/core.h>

#include "testing/test_events.h"

namespace penstock::codecs {
namespace {

const CloudEventsEncoder kEncoder{CloudEventsEncoder::Settings{}};
constexpr std::string_view kHead =
    R"({"specversion":"1.0","id":"id-1","source":"/penstock/orders",)";
constexpr std::string_view kTime = R"("time":"2024-01-31T12:00:00.000000Z",)";

TEST(cloudevents, a_payload_keeps_its_value_whatever_it_is) {
  struct Case {
    std::string_view payload;
    std::string_view data;
  };
  TestEvents events;
  for (const auto& [payload, data] : {
           Case{kHardJson, ""},
           Case{R"({"a":1,"a":2})", ""},
           Case{"[1e400]", ""},
           Case{"12345678901234567890123456789012345678901234567890", ""},
           Case{"{\"a\":\n1}", R"("datacontenttype":"application/json","data":{"a": 1}})"},
           Case{"te\"xt", R"("datacontenttype":"text/plain","data":"te\"xt"})"},
           Case{"\xff\xfe",
                R"("datacontenttype":"application/octet-stream","data_base64":"//4="})"},
       }) {
    std::string expected = std::string(kHead) + R"("type":"penstock.message",)" +
                           std::string(kTime) + std::string(data);
    if (data.empty()) {
      expected += R"("datacontenttype":"application/json","data":)" + std::string(payload) + "}";
    }
    Event event = events.raw(payload);
    EXPECT_EQ(TestEvents::encode(kEncoder, event), expected);
    if (data.empty() && payload == kHardJson) {  // parsed or not makes no difference
      event.after = events.document(payload);
      EXPECT_EQ(TestEvents::encode(kEncoder, event), expected);
    }
  }
}

TEST(cloudevents, a_stored_event_keeps_its_id_and_type_and_its_data_is_the_data) {
  TestEvents events;
  Event stored = events.raw(kHardJson);
  stored.op = Op::insert;
  stored.after = events.document(R"({"stream":"s","sequence":7,"id":"id-1",)"
                                 R"("at":"2024-01-31T12:00:00Z","type":"thing.made","data":{}})");
  EXPECT_EQ(TestEvents::encode(kEncoder, stored),
            std::string(kHead) + R"("type":"thing.made",)" + std::string(kTime) +
                R"("datacontenttype":"application/json","data":)" + std::string(kHardJson) + "}");
}

TEST(cloudevents, a_change_shows_its_images) {
  TestEvents events;
  Event change = events.raw("the source's own text");
  change.op = Op::remove;
  change.stream = "a b/ü";
  change.key = events.document(R"({"k":1})");
  EXPECT_EQ(TestEvents::encode(kEncoder, change),
            R"({"specversion":"1.0","id":"id-1","source":"/penstock/a%20b%2F%C3%BC",)"
            R"("type":"penstock.remove",)" +
                std::string(kTime) +
                R"("datacontenttype":"application/json","data":{"op":"remove","key":{"k":1}}})");
}

TEST(cloudevents, payloads_come_back_from_their_envelope) {
  TestEvents events;
  for (const std::string_view payload :
       {kHardJson, std::string_view("text"), std::string_view("\xff"),
        std::string_view("[1,1e400]"), std::string_view("1e400"), std::string_view("\"s\""),
        std::string_view("null"), std::string_view("1.50")}) {
    const std::string text = TestEvents::encode(kEncoder, events.raw(payload));
    Event back = events.raw(text);
    const auto decoded = CloudEventsDecoder().decode(back, events.arena());
    ASSERT_TRUE(decoded) << decoded.error().what;
    std::string expected(payload);
    if (const size_t at = expected.find("1e400"); at != std::string::npos) {
      expected.replace(at, 5, "1E+400");  // an equal value, as documents write it
    }
    EXPECT_EQ(back.raw, expected);
    EXPECT_EQ(back.stream, "orders");
    EXPECT_EQ(back.at, (Timestamp{1'706'702'400'000'000}));
    EXPECT_EQ(back.after.present(), payload.front() == '{');
    EXPECT_NE(TestEvents::json(back.meta).find(R"("type":"penstock.message")"), std::string::npos);
  }
}

TEST(cloudevents, the_stream_comes_back_whatever_it_is) {
  TestEvents events;
  for (const std::string_view stream : {"", "demo", "a b/ü%41~", "/var/log/a.jsonl", "%", "\"\n"}) {
    Event event = events.raw("1");
    event.stream = stream;
    Event back = events.raw(TestEvents::encode(kEncoder, event));
    ASSERT_TRUE(CloudEventsDecoder().decode(back, events.arena()));
    EXPECT_EQ(back.stream, stream);
  }
}

TEST(cloudevents, a_source_that_is_not_ours_is_the_stream) {
  TestEvents events;
  for (const std::string_view source :
       {"demo", "https://shop.example/orders", "/penstocks/a", "/penstock/a/b", "/penstock/%4",
        "/penstock/%zz", "/penstock/%+1"}) {
    Event event = events.raw(
        fmt::format(R"({{"specversion":"1.0","id":"a","source":"{}","type":"c"}})", source));
    ASSERT_TRUE(CloudEventsDecoder().decode(event, events.arena()));
    EXPECT_EQ(event.stream, source);
  }
}

TEST(cloudevents, what_is_no_cloudevent_is_rejected) {
  TestEvents events;
  for (const std::string_view text :
       {"", "{}", R"({"specversion":"1.0","id":"a","source":"b"})",
        R"({"specversion":"2.0","id":"a","source":"b","type":"c"})",
        R"({"specversion":"1.0","id":"","source":"b","type":"c"})",
        R"({"specversion":"1.0","id":"a","source":"b","type":"c","time":"late"})",
        R"({"specversion":"1.0","id":"a","source":"b","type":"c","data_base64":"*"})"}) {
    Event event = events.raw(text);
    const auto decoded = CloudEventsDecoder().decode(event, events.arena());
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().kind, Error::Kind::rejected);
  }
}

}  // namespace
}  // namespace penstock::codecs
