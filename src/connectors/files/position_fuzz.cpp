// Any bytes as a saved position: no crash, and what decodes encodes to a position that is equal.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "connectors/files/file_position.h"
#include "connectors/files/glob.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto position = penstock::files::decode_position(bytes, {})) {
    const std::string text = penstock::files::encode(*position);
    const auto again = penstock::files::decode_position(text, {});
    CHECK(again.has_value());
    CHECK(penstock::files::encode(*again) == text);
  }
  (void)penstock::files::name_matches(bytes.substr(0, size / 2), bytes.substr(size / 2));
  return 0;
}
