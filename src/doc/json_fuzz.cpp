// Any bytes as plain JSON: what is accepted is valid BSON, writes valid JSON, and what
// is read back from it writes the same.
#include <cstdlib>

#include "doc/bson.h"
#include "doc/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock;
  using namespace penstock::doc;
  Arena arena(4096);
  JsonReader reader;
  const std::string_view text = arena.copy({reinterpret_cast<const char*>(data), size});
  const bool is_valid = is_valid_json(text);
  const auto document = reader.read(text, arena);
  if (!document) {
    return 0;
  }
  std::string written;
  append_json(*document, written);
  const auto again = reader.read(arena.copy(written), arena);
  // Not the same bytes: 1e0 is a decimal128 and is written as 1.
  std::string rewritten;
  if (again) {
    append_json(*again, rewritten);
  }
  if (!is_valid || !check_bson(document->bytes()) || rewritten != written) {
    std::abort();
  }
  return 0;
}
