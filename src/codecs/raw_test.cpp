#include "codecs/raw.h"

#include "testing/test_events.h"

namespace penstock::codecs {
namespace {

using namespace std::string_view_literals;

TEST(raw, writes_each_payload_on_one_line_as_the_contract_says) {
  struct Case {
    std::string_view payload;
    std::string_view line;
  };
  TestEvents events;
  for (const auto& [payload, line] : {
           Case{"", ""},
           Case{"text", "text"},
           Case{"text\n", "text\n"},
           Case{"a\r\n", "a\r\n"},
           Case{"é😀", "é😀"},
           Case{"{\"a\":\n1}", "{\"a\": 1}"},
           Case{"{\"a\":\r\n1}\n", "{\"a\":  1}"},
           Case{"{\"a\":1}\n\n", "{\"a\":1} "},
           Case{"[1e400,\n1e400]", "[1e400, 1e400]"},
           Case{"{\"a\":1,\n\"a\":2}", "{\"a\":1, \"a\":2}"},
           Case{"two\nlines", "\"dHdvCmxpbmVz\""},
           Case{"\xff\xfe", "\"//4=\""},
           Case{"\0"sv, "\0"sv},
       }) {
    EXPECT_EQ(TestEvents::encode(RawEncoder(), events.raw(payload)), line) << payload;
  }
}

TEST(raw, an_event_that_a_transform_changed_is_written_as_its_document) {
  TestEvents events;
  Event event = events.raw("gone");
  event.has_raw = false;
  event.after = events.document(kHardJson);
  EXPECT_EQ(TestEvents::encode(RawEncoder(), event), TestEvents::json(event.after));
  event.after = {};
  EXPECT_TRUE(TestEvents::encode(RawEncoder(), event).starts_with("error: "));
}

}  // namespace
}  // namespace penstock::codecs
