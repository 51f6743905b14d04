#include <gtest/gtest.h>

#include "base/hash.h"
#include "testing/test_checkpoint.h"

namespace penstock {
namespace {

using namespace std::string_literals;

Checkpoint sample() {
  Checkpoint checkpoint;
  checkpoint.epoch = 7;
  checkpoint.fingerprint = "files:/data";
  checkpoint.positions = {{"a", "\0\1\2"s}, {"b", ""}};
  checkpoint.quarantined = {{"lake", kept_old_key({1, 2}), "{\"id\":1}"},
                            {"", kept_old_key({3, 4}), ""}};
  checkpoint.at = {1'700'000'000'000'000};
  return checkpoint;
}

TEST(Checkpoint, decoding_gives_what_version_1_wrote) {
  for (const Checkpoint& checkpoint : {Checkpoint{}, sample()}) {
    const auto decoded = decode_checkpoint(Version1Bytes(checkpoint).bytes());
    ASSERT_TRUE(decoded) << decoded.error().what;
    EXPECT_EQ(decoded->epoch, checkpoint.epoch);
    EXPECT_EQ(decoded->fingerprint, checkpoint.fingerprint);
    EXPECT_EQ(decoded->positions, checkpoint.positions);
    EXPECT_EQ(decoded->quarantined, checkpoint.quarantined);
    EXPECT_EQ(decoded->at, checkpoint.at);
  }
}

TEST(Checkpoint, every_changed_byte_and_every_cut_is_found) {
  const std::string bytes = Version1Bytes(sample()).bytes();
  for (size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_FALSE(decode_checkpoint(bytes.substr(0, i))) << i;
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x40);
    EXPECT_FALSE(decode_checkpoint(changed)) << i;
  }
  EXPECT_FALSE(decode_checkpoint(bytes + "x"));
}

TEST(Checkpoint, a_newer_version_is_refused_by_its_number) {
  std::string bytes = Version1Bytes(sample()).bytes();
  bytes[8] = 9;
  const auto decoded = decode_checkpoint(bytes);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().kind, Error::Kind::fatal);
  EXPECT_NE(decoded.error().what.find("version 9"), std::string::npos) << decoded.error().what;
}

TEST(Checkpoint, absurd_counts_with_a_right_checksum_are_refused) {
  std::string bytes = Version1Bytes(Checkpoint{}).bytes();
  const size_t count_at = 8 + 4 + 8 + 4 + 8;
  bytes.replace(count_at, 4, "\xff\xff\xff\xff");
  bytes.resize(bytes.size() - 8);
  const uint64_t sum = hash64(bytes);
  bytes.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  const auto decoded = decode_checkpoint(bytes);
  ASSERT_FALSE(decoded);
  EXPECT_NE(decoded.error().what.find("length"), std::string::npos);
}

}  // namespace
}  // namespace penstock
