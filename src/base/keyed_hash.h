// HashKey and keyed_hash: 128 bits that nobody can make collide who does not know the secret
// (SipHash-2-4). A process draws its secret once and hands it on as a value, so such a hash means
// nothing to another process: it never goes to disk or over a wire. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/hash.h"

namespace penstock {

struct HashKey {
  std::array<uint8_t, 16> bytes{};  // zeros: for tests and the simulator, which repeat themselves
};

// A secret from the operating system's own source of chance.
HashKey random_hash_key();

Hash128 keyed_hash(const HashKey& key, std::string_view bytes);

}  // namespace penstock
