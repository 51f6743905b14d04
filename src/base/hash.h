// Hash128, and hash128() and hash64(): stable hashes of bytes (XXH3, whose values are fixed since
// xxHash 0.8; they may be written to disk and compared by a later version). Fast, and no defence:
// anybody can make two texts with one value. They find torn writes and damage, and spread seeds;
// what others choose is told apart by keyed_hash() in memory, and by sha256() or its own bytes on
// disk and on wires (ADR 0019).
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace penstock {

struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;
  auto operator<=>(const Hash128&) const = default;
  bool is_zero() const { return (low | high) == 0; }
};

Hash128 hash128(std::string_view bytes, Hash128 seed = {});
uint64_t hash64(std::string_view bytes, uint64_t seed = 0);

struct Hash128Hasher {
  size_t operator()(const Hash128& hash) const { return static_cast<size_t>(hash.low); }
};

}  // namespace penstock
