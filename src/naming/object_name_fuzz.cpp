// Any bytes as a name in a lake's folder: no crash, and a name of ours is made again as it was.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "naming/object_name.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view name(reinterpret_cast<const char*>(data), size);
  penstock::Coverage coverage;
  coverage.add(name);
  if (const auto parsed = penstock::parse_object_name(name)) {
    CHECK(coverage.covers(parsed->part, parsed->first));
    CHECK(coverage.covers(parsed->part, parsed->last));
    const auto made = penstock::object_name(parsed->part, parsed->first, parsed->last, "x");
    if (made) {
      CHECK(name.starts_with(made->substr(0, made->size() - 1)));
    }
  }
  (void)penstock::object_part(name);
  return 0;
}
