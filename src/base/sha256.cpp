#include "base/sha256.h"

// The calls below are the ones that need no provider: loading those takes 1 ms, 2 MB and 4,800
// allocations at the start, and a call through them ten times as long for a short text.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

namespace penstock {

std::array<uint8_t, 32> sha256(std::string_view bytes) {
  std::array<uint8_t, 32> digest{};
  static_assert(SHA256_DIGEST_LENGTH == sizeof digest);
  SHA256_CTX state;
  (void)SHA256_Init(&state);  // these cannot fail
  (void)SHA256_Update(&state, bytes.data(), bytes.size());
  (void)SHA256_Final(digest.data(), &state);
  return digest;
}

std::string sha256_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : sha256(bytes)) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

}  // namespace penstock
