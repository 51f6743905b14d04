// Any bytes as an item and as a change record: an item that is accepted is valid BSON and comes
// back from its own text alike.
#include <cstdlib>

#include "doc/bson.h"
#include "doc/dynamodb_json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock;
  using namespace penstock::doc;
  Arena arena(4096);
  DynamoDbReader reader;
  const std::string_view text = arena.copy({reinterpret_cast<const char*>(data), size});
  const auto record = reader.read_change(text, arena);
  if (record && record->new_image && !check_bson(record->new_image.bytes())) {
    std::abort();
  }
  const auto item = reader.read_item(text, arena);
  if (!item) {
    return 0;
  }
  std::string written;
  append_dynamodb_json(*item, written);
  const auto again = reader.read_item(arena.copy(written), arena);
  std::string rewritten;  // not the same bytes: 1e0 is a decimal128 and is written as 1
  if (again) {
    append_dynamodb_json(*again, rewritten);
  }
  std::string plain;
  append_json(*item, plain);
  if (!check_bson(item->bytes()) || rewritten != written ||
      again->losses().size() != item->losses().size() || !is_valid_json(arena.copy(plain))) {
    std::abort();
  }
  return 0;
}
