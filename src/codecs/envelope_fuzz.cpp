// Any bytes as an envelope: no crash, and what decodes is written and read again with equal text.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "codecs/cloudevents.h"
#include "codecs/document.h"
#include "codecs/dynamodb.h"
#include "codecs/event.h"
#include "codecs/raw.h"

namespace {

penstock::Event event_of(std::string_view bytes, penstock::Arena& arena) {
  penstock::Event event;
  event.id = "id";
  event.stream = "stream";
  event.raw = arena.copy(bytes);
  event.has_raw = true;
  return event;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  penstock::Arena arena;
  std::string line;
  (void)penstock::codecs::RawEncoder().encode(event_of(bytes, arena), line);
  CHECK(line.find('\n') == std::string::npos || line.find('\n') + 1 == line.size());
  const penstock::codecs::CloudEventsEncoder cloudevents{{}};
  penstock::Event event = event_of(bytes, arena);
  if (penstock::codecs::EventDecoder().decode(event, arena)) {
    std::string text;
    CHECK(penstock::codecs::EventEncoder().encode(event, text).has_value());
    penstock::Event again = event_of(text, arena);
    CHECK(penstock::codecs::EventDecoder().decode(again, arena).has_value());
    std::string second;
    CHECK(penstock::codecs::EventEncoder().encode(again, second).has_value());
    CHECK(text == second);
    (void)cloudevents.encode(event, text);
  }
  event = event_of(bytes, arena);
  if (penstock::codecs::CloudEventsDecoder().decode(event, arena)) {
    std::string text;
    CHECK(cloudevents.encode(event, text).has_value());
    penstock::Event again = event_of(text, arena);
    CHECK(penstock::codecs::CloudEventsDecoder().decode(again, arena).has_value());
  }
  event = event_of(bytes, arena);
  if (penstock::codecs::DynamoDbDecoder({}, true).decode(event, arena)) {
    std::string text;
    CHECK(penstock::codecs::EventEncoder().encode(event, text).has_value());
    (void)penstock::codecs::append_document(event, text);  // only its not crashing is of interest
  }
  return 0;
}
