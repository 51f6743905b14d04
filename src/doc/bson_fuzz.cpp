// Any bytes as BSON: what check_bson() accepts, everything else can read and write.
#include <cstdlib>

#include "doc/bson.h"
#include "doc/dynamodb_json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock;
  using namespace penstock::doc;
  if (!check_bson({reinterpret_cast<const char*>(data), size})) {
    return 0;
  }
  const Document document(data);
  std::string text;
  for (const Element& element : Elements(document)) {
    text.clear();
    append_text(element, text);
    if (!find(document, element.name)) {
      std::abort();
    }
  }
  text.clear();
  append_json(document, text);
  std::string item;
  append_dynamodb_json(document, item);
  Arena arena(4096);
  if (!is_valid_json(arena.copy(text)) || !is_valid_json(arena.copy(item))) {
    std::abort();
  }
  return 0;
}
