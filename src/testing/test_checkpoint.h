// The bytes of a checkpoint of version 1, as the program wrote them then, for the tests of what
// reads them. `quarantined` of it are kept keys of version 1. Pure.
#pragma once

#include <cstring>
#include <string>

#include "base/hash.h"
#include "core/checkpoint_store.h"
#include "core/order_key.h"

namespace penstock {

class Version1Bytes {
 public:
  explicit Version1Bytes(const Checkpoint& checkpoint) : out_("PSCKPT\0\0", 8) {
    number(uint32_t{1});
    number(checkpoint.epoch);
    text(checkpoint.fingerprint);
    number(checkpoint.at.micros);
    number(static_cast<uint32_t>(checkpoint.positions.size()));
    for (const auto& [part, position] : checkpoint.positions) {
      text(part);
      text(position);
    }
    number(static_cast<uint32_t>(checkpoint.quarantined.size()));
    for (const Quarantined& entry : checkpoint.quarantined) {
      text(entry.sink);
      number(old_key_of(entry.key).value());
      text(entry.text);
    }
    number(hash64(out_));
  }
  const std::string& bytes() const { return out_; }

 private:
  template <class T>
  void number(T value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out_.append(bytes, sizeof value);
  }
  void text(std::string_view value) {
    number(static_cast<uint32_t>(value.size()));
    out_ += value;
  }
  std::string out_;
};

}  // namespace penstock
