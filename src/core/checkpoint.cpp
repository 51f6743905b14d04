// The bytes of a checkpoint of version 1, little-endian:
//   "PSCKPT" 00 00 | version u32 | epoch u64 | fingerprint | at i64
//   | count u32, count x (part, position) | count u32, count x (sink, key u64 u64, text)
//   | XXH3-64 of all before
// where a text is its size u32 and its bytes.
#include <algorithm>

#include <fmt/core.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "core/checkpoint_store.h"
#include "core/order_key.h"

namespace penstock {

namespace {

constexpr uint32_t kVersion = 1;
constexpr std::string_view kMagic{"PSCKPT\0\0", 8};

std::unexpected<Error> damaged(std::string_view how, size_t size) {
  return fatal(
      fmt::format("decode checkpoint of {} bytes: {}; it is damaged or no checkpoint. Restore it, "
                  "or begin anew with `penstock checkpoint reset`",
                  size, how));
}

}  // namespace

void apply(const Changes& changes, Checkpoint& checkpoint) {
  for (const auto& [part, position] : changes.positions) {
    checkpoint.positions[part] = position;
  }
  for (const std::string& part : changes.forgotten) {
    checkpoint.positions.erase(part);
  }
  for (const Quarantined& key : changes.quarantined) {
    if (std::ranges::find(checkpoint.quarantined, key) == checkpoint.quarantined.end()) {
      checkpoint.quarantined.push_back(key);
    }
  }
  std::erase_if(checkpoint.quarantined, [&](const Quarantined& key) {
    return std::ranges::find(changes.released, key) != changes.released.end();
  });
  checkpoint.at = changes.at;
}

Result<Checkpoint> decode_checkpoint(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) {
    return damaged("it does not begin as one", bytes.size());
  }
  ByteReader<uint32_t> reader(bytes.substr(kMagic.size()));
  Checkpoint checkpoint;
  const auto version = reader.number<uint32_t>();
  if (!reader.failed() && version > kVersion) {
    return fatal(fmt::format(
        "decode checkpoint: it has version {}, written by a newer Penstock; this one reads "
        "versions up to {}. Run the newer one",
        version, kVersion));
  }
  if (reader.failed() || version == 0 || bytes.size() < sizeof(uint64_t)) {
    return damaged("it is too short or has no version", bytes.size());
  }
  const std::string_view content = bytes.substr(0, bytes.size() - sizeof(uint64_t));
  if (load_number<uint64_t>(bytes, content.size()) != hash64(content)) {
    return damaged("its checksum is wrong", bytes.size());
  }
  reader = ByteReader<uint32_t>(content.substr(kMagic.size() + sizeof(uint32_t)));
  checkpoint.epoch = reader.number<uint64_t>();
  checkpoint.fingerprint = reader.bytes();
  checkpoint.at.micros = reader.number<int64_t>();
  for (auto left = reader.count(); left > 0 && !reader.failed(); --left) {
    const std::string_view part = reader.bytes();
    if (!checkpoint.positions.emplace(part, reader.bytes()).second) {
      return damaged("a part stands in it twice", bytes.size());
    }
  }
  for (auto left = reader.count(); left > 0 && !reader.failed(); --left) {
    Quarantined entry;
    entry.sink = reader.bytes();
    Hash128 old;
    old.low = reader.number<uint64_t>();
    old.high = reader.number<uint64_t>();
    entry.key = kept_old_key(old);
    entry.text = reader.bytes();
    checkpoint.quarantined.push_back(std::move(entry));
  }
  if (reader.failed() || reader.left() != 0) {
    return damaged("its length is wrong", bytes.size());
  }
  return checkpoint;
}

}  // namespace penstock
