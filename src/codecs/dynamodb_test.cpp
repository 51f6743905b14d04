#include "codecs/dynamodb.h"

#include "testing/test_events.h"

namespace penstock::codecs {
namespace {

std::string record(std::string_view name, std::string_view created, std::string_view images) {
  return R"({"awsRegion":"eu-west-1","eventID":"e-1","eventName":")" + std::string(name) +
         R"(","tableName":"orders-table","userIdentity":null,"dynamodb":{)"
         R"("ApproximateCreationDateTime":)" +
         std::string(created) + R"(,"Keys":{"pk":{"S":"a"}})" + std::string(images) +
         R"(},"eventSource":"aws:dynamodb"})";
}

TEST(dynamodb_format, inserts_updates_and_removes_come_with_their_images) {
  struct Case {
    std::string_view name;
    Op op;
    std::string_view images;
    std::string_view before, after;
  };
  TestEvents events;
  for (const auto& [name, op, images, before, after] : {
           Case{"INSERT", Op::insert, R"(,"NewImage":{"pk":{"S":"a"},"n":{"N":"1.50"}})", "",
                R"({"pk":"a","n":1.50})"},
           Case{"MODIFY", Op::update,
                R"(,"NewImage":{"b":{"BOOL":true}},"OldImage":{"x":{"NULL":true}})",
                R"({"x":null})", R"({"b":true})"},
           Case{"REMOVE", Op::remove, R"(,"OldImage":{"l":{"L":[{"N":"1"}]}})", R"({"l":[1]})", ""},
       }) {
    Event event = events.raw(record(name, "1706702400000", images));
    const auto decoded = DynamoDbDecoder({}, false).decode(event, events.arena());
    ASSERT_TRUE(decoded) << decoded.error().what;
    EXPECT_EQ(event.op, op);
    EXPECT_EQ(event.id, "e-1");
    EXPECT_EQ(event.stream, "orders-table");
    EXPECT_EQ(TestEvents::json(event.key), R"({"pk":"a"})");
    EXPECT_EQ(TestEvents::json(event.before), before);
    EXPECT_EQ(TestEvents::json(event.after), after);
    EXPECT_EQ(event.at, (Timestamp{1'706'702'400'000'000}));
    EXPECT_FALSE(event.meta.present());
    EXPECT_TRUE(event.has_raw);
  }
}

TEST(dynamodb_format, times_are_seconds_milliseconds_or_microseconds) {
  TestEvents events;
  for (const auto& [created, more] :
       {std::pair{"1706702400", ""}, std::pair{"1706702400000", ""},
        std::pair{"1706702400000000",
                  R"(,"ApproximateCreationDateTimePrecision":"MICROSECOND")"}}) {
    Event event = events.raw(record("INSERT", created, more));
    ASSERT_TRUE(DynamoDbDecoder({}, true).decode(event, events.arena()));
    EXPECT_EQ(event.at, (Timestamp{1'706'702'400'000'000})) << created;
    EXPECT_EQ(TestEvents::json(event.meta), R"({"region":"eu-west-1","ttl_delete":false})");
  }
}

TEST(dynamodb_format, what_is_no_change_record_is_rejected) {
  TestEvents events;
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[1]"), record("EXPLODE", "1", ""),
        std::string(R"({"eventName":"INSERT","dynamodb":{}})")}) {
    Event event = events.raw(text);
    const auto decoded = DynamoDbDecoder({}, false).decode(event, events.arena());
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().kind, Error::Kind::rejected);
  }
}

}  // namespace
}  // namespace penstock::codecs
