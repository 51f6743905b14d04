// Any bytes as a name in a lake's folder: no crash, and a name of ours is made again as it was.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "naming/object_name.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view name(reinterpret_cast<const char*>(data), size);
  penstock::Coverage coverage;
  if (const auto parsed = penstock::parse_object_name(name)) {
    coverage.add(name, *parsed, true);
    coverage.add(name, *parsed, false);
    CHECK(coverage.covers(parsed->part, parsed->first));
    CHECK(coverage.covers(parsed->part, parsed->last));
    CHECK(coverage.in_doubt(parsed->part, parsed->last) == name);
    const auto made = penstock::object_name(*parsed, "x", 100'000);
    if (made) {
      CHECK(name.starts_with(made->substr(0, made->size() - 1)));
    }
  }
  (void)penstock::object_part({.pipeline = name, .sink = name}, name);
  return 0;
}
