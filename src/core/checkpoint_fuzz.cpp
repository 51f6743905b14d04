// Any bytes: no crash, and what decodes encodes to the same bytes again.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/check.h"
#include "base/hash.h"
#include "testing/test_checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  (void)penstock::decode_checkpoint(bytes);  // as it came
  const uint64_t sum = penstock::hash64(bytes);
  bytes.append(reinterpret_cast<const char*>(&sum), sizeof sum);  // past the checksum
  if (const auto decoded = penstock::decode_checkpoint(bytes)) {
    CHECK(penstock::decode_checkpoint(penstock::Version1Bytes(*decoded).bytes()).has_value());
  }
  return 0;
}
