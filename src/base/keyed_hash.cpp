#include "base/keyed_hash.h"

#include <sodium/crypto_shorthash_siphash24.h>

#include <cstring>

#include "base/random.h"

namespace penstock {

HashKey random_hash_key() {
  HashKey key;
  const std::array<uint64_t, 2> halves{random_seed(), random_seed()};
  static_assert(sizeof halves == sizeof key.bytes);
  std::memcpy(key.bytes.data(), halves.data(), sizeof halves);
  return key;
}

Hash128 keyed_hash(const HashKey& key, std::string_view bytes) {
  static_assert(crypto_shorthash_siphashx24_KEYBYTES == sizeof key.bytes);
  static_assert(crypto_shorthash_siphashx24_BYTES == sizeof(Hash128));
  std::array<unsigned char, sizeof(Hash128)> out;
  (void)crypto_shorthash_siphashx24(out.data(),  // it cannot fail
                                    reinterpret_cast<const unsigned char*>(bytes.data()),
                                    bytes.size(), key.bytes.data());
  Hash128 hash;
  std::memcpy(&hash.low, out.data(), sizeof hash.low);
  std::memcpy(&hash.high, out.data() + sizeof hash.low, sizeof hash.high);
  return hash;
}

}  // namespace penstock
