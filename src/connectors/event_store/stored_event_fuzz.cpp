// Any row of a database that somebody else wrote: no crash, and every document that is made of it
// holds. The fields of the row are separated by line breaks; what follows the fourth is its data.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "connectors/event_store/stored_event.h"
#include "doc/bson.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::array<std::string_view, 4> fields;
  for (std::string_view& field : fields) {
    field = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(field.size() + 1, rest.size()));
  }
  EventBlock block;
  event_store::StoredEvents("identity")
      .append({.stream = fields[0],
               .sequence = static_cast<int64_t>(size),
               .id = fields[1],
               .at = fields[2],
               .type = fields[3],
               .data = rest},
              block);
  CHECK(block.events.size() == 1);
  const Event& event = block.events.front();
  CHECK(event.raw == rest);
  CHECK(doc::check_bson(event.key.bytes()).has_value());
  CHECK(doc::check_bson(event.after.bytes()).has_value());
  return 0;
}
