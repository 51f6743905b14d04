#include "codecs/document.h"

#include "testing/test_events.h"

namespace penstock::codecs {
namespace {

TEST(document_format, writes_after_else_the_key_else_a_json_payload) {
  TestEvents events;
  Event event = events.raw("{\"raw\":\n1}");
  EXPECT_EQ(TestEvents::encode(DocumentEncoder(), event), "{\"raw\": 1}");
  event.key = events.document(R"({"k":1})");
  event.before = events.document(R"({"b":1})");
  EXPECT_EQ(TestEvents::encode(DocumentEncoder(), event), R"({"k":1})");
  event.after = events.document(kHardJson);
  EXPECT_EQ(TestEvents::encode(DocumentEncoder(), event), TestEvents::json(event.after));
  EXPECT_TRUE(TestEvents::encode(DocumentEncoder(), events.raw("text")).starts_with("error: "));
}

}  // namespace
}  // namespace penstock::codecs
