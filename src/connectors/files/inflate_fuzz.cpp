// Any bytes as a compressed file: no crash, no endless loop. The first byte chooses the kind.
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "connectors/files/inflate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) {
    return 0;
  }
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto inflater = penstock::files::make_inflater((data[0] & 1) != 0 ? "x.gz" : "x.zst");
  std::array<char, 1000> out = {};
  size_t budget = size_t{4} << 20;
  while (budget > out.size()) {
    const auto step = inflater->step(bytes.substr(0, 100), out);
    if (!step || (step->taken == 0 && step->made == 0)) {
      break;
    }
    CHECK(step->taken <= bytes.size());
    CHECK(step->made <= out.size());
    bytes.remove_prefix(step->taken);
    budget -= step->made;
  }
  (void)inflater->may_end();
  return 0;
}
