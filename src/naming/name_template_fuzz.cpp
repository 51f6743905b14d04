// The first line as a name template, the rest as data: no crash; and data never leaves the path
// segment of its placeholder.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "doc/bson.h"
#include "naming/name_template.h"

namespace {

void check_segments(std::string_view name) {
  CHECK(std::count(name.begin(), name.end(), '/') <= 3);
  CHECK(name.starts_with("a/"));
  while (!name.empty()) {
    const size_t slash = std::min(name.find('/'), name.size());
    const std::string_view segment = name.substr(0, slash);
    CHECK(!segment.empty());
    CHECK(segment != ".");
    CHECK(segment != "..");
    CHECK(std::none_of(segment.begin(), segment.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
    name.remove_prefix(std::min(slash + 1, name.size()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(input.find('\n'), input.size());
  const std::string_view value = input.substr(std::min(line + 1, input.size()));
  penstock::Arena arena;
  penstock::doc::BsonWriter writer(arena);
  writer.string("v", value);
  penstock::Event event;
  event.stream = value;
  event.key = event.after = event.before = event.meta = writer.finish();
  std::string out;
  if (const auto name = penstock::NameTemplate::parse(input.substr(0, line))) {
    (void)name->render(event, out);
    (void)name->fixed_folder();
  }
  static const auto fixed = penstock::NameTemplate::parse("a/{stream}/.{after.v}{meta.v}/b");
  out.clear();
  CHECK(fixed->render(event, out).has_value());
  check_segments(out);
  return 0;
}
