#include "base/keyed_hash.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <cstring>
#include <string>

#include "base/sha256.h"
#include "testing/test_collision.h"

namespace penstock {
namespace {

// OpenSSL's SipHash-2-4 of 16 bytes: another implementation of the same function.
Hash128 openssl_siphash(const HashKey& key, std::string_view bytes) {
  Hash128 hash;
  EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "SIPHASH", nullptr);
  EVP_MAC_CTX* const context = EVP_MAC_CTX_new(mac);
  size_t size = sizeof hash;
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_size_t("size", &size),
                               OSSL_PARAM_construct_end()};
  EXPECT_EQ(EVP_MAC_init(context, key.bytes.data(), key.bytes.size(), params), 1);
  EXPECT_EQ(
      EVP_MAC_update(context, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()),
      1);
  unsigned char out[sizeof hash] = {};
  size_t made = 0;
  EXPECT_EQ(EVP_MAC_final(context, out, &made, sizeof out), 1);
  EXPECT_EQ(made, sizeof hash);
  EVP_MAC_CTX_free(context);
  EVP_MAC_free(mac);
  std::memcpy(&hash, out, sizeof hash);
  return hash;
}

TEST(KeyedHash, is_siphash_2_4_of_128_bits) {
  HashKey key;
  std::string text;
  for (uint8_t i = 0; i < 16; ++i) {
    key.bytes.at(i) = i;
  }
  for (int size = 0; size < 100; ++size) {
    EXPECT_EQ(keyed_hash(key, text), openssl_siphash(key, text)) << size;
    text.push_back(static_cast<char>(size));
  }
  // The first of the published vectors: no bytes under the key 00 01 .. 0f.
  EXPECT_EQ(keyed_hash(key, ""), (Hash128{0xe6a825ba047f81a3, 0x930255c71472f66d}));
}

TEST(KeyedHash, another_secret_gives_another_hash) {
  const HashKey one = random_hash_key();
  const HashKey two = random_hash_key();
  EXPECT_NE(one.bytes, two.bytes);
  EXPECT_NE(keyed_hash(one, "orders"), keyed_hash(two, "orders"));
  EXPECT_EQ(keyed_hash(one, "orders"), keyed_hash(one, "orders"));
}

TEST(KeyedHash, tells_texts_apart_that_were_made_to_collide) {
  const auto [one, two] = colliding_texts();
  EXPECT_NE(one, two);
  EXPECT_EQ(hash128(one), hash128(two)) << "or the other tests with them show nothing";
  EXPECT_NE(keyed_hash({}, one), keyed_hash({}, two));
  EXPECT_NE(sha256(one), sha256(two));
}

// FIPS 180-2, appendix B.
TEST(Sha256, gives_the_published_values) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abc")[0], 0xba);
}

}  // namespace
}  // namespace penstock
