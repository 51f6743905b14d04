#include "base/hash.h"

#include <xxhash.h>

namespace penstock {

Hash128 hash128(std::string_view bytes, Hash128 seed) {
  const XXH128_hash_t hash =
      XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed.low ^ (seed.high * 3));
  return {hash.low64, hash.high64};
}

uint64_t hash64(std::string_view bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace penstock
