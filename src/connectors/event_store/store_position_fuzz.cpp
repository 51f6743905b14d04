// Any bytes as a saved position, or one that an operator set: what decodes encodes to an equal one.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "connectors/event_store/store.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock::event_store;
  const auto position = decode_position({reinterpret_cast<const char*>(data), size});
  if (!position) {
    CHECK(position.error().kind == penstock::Error::Kind::lost_position);
    return 0;
  }
  CHECK(position->sequence >= 0);
  const auto again = decode_position(encode(*position));
  CHECK(again.has_value());
  CHECK(again->identity == position->identity);
  CHECK(again->sequence == position->sequence);
  return 0;
}
