// The first line as an event pattern, the rest as the event's document: no crash, no hang, and the
// same answer twice.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "doc/json.h"
#include "pattern/pattern.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t line = input.find('\n');
  const auto pattern = penstock::Pattern::parse(input.substr(0, line));
  if (!pattern || line == std::string_view::npos) {
    return 0;
  }
  penstock::Arena arena;
  penstock::doc::JsonReader reader;
  const auto document = reader.read(arena.copy(input.substr(line + 1)), arena);
  penstock::Event event;
  event.op = penstock::Op::insert;
  event.stream = "database.collection";
  if (document) {
    event.key = *document;
    event.after = *document;
    event.meta = *document;
  }
  CHECK(pattern->matches(event) == pattern->matches(event));
  return 0;
}
