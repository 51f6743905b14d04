// Random: chance, seeded, so that a simulation can repeat it (splitmix64). One thread at a time.
#pragma once

#include <cstdint>

namespace penstock {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  // Uniform in [0, bound); bound 0 gives 0. The bias of the modulus is below 2^-32 for what we ask.
  uint64_t below(uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
  bool chance(double probability) {
    return static_cast<double>(next() >> 11) * 0x1.0p-53 < probability;
  }

 private:
  uint64_t state_;
};

// A seed from the operating system's own source of chance.
uint64_t random_seed();

}  // namespace penstock
