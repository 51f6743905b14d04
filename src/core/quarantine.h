// QuarantineSet: the keys in quarantine at one sink: whose later changes follow an earlier one into
// the dead letters. By the events' own keys, also where the sink orders by something else. Events
// without a key are never in it. Owned by the engine or by a command; one thread at a time.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>

#include "core/checkpoint_store.h"
#include "core/order_key.h"

namespace penstock {

// The event's key as people read it, all of it.
std::string key_text(const Event& event);

// The entry that a checkpoint keeps, with no more than the front of a long text; the event has a
// key.
Quarantined quarantined_at(std::string_view sink, const Event& event);

struct QuarantineOptions {
  HashKey hash_key;  // that of the events' order keys
  // SinkTraits::folders. Version 1 kept the hash of the folder then, and the text of the key, which
  // tells the key.
  bool folders = false;
};

class QuarantineSet {
 public:
  explicit QuarantineSet(const QuarantineOptions& options = {}) : options_(options) {}

  // Those of this sink and those of all sinks (""), from a checkpoint.
  void load(std::span<const Quarantined> entries, std::string_view sink);
  bool insert(const Event& event);  // false: it is in it already, or it has no key
  bool contains(const Event& event) const;
  size_t size() const { return keys_.size() + old_.size(); }
  bool empty() const { return keys_.empty() && old_.empty(); }

 private:
  bool is_old(const Event& event) const;

  QuarantineOptions options_;
  std::unordered_set<OrderKey, Hash128Hasher> keys_;
  std::map<Hash128, std::string> old_;  // of version 1, which had no more than its hash; the texts
};

}  // namespace penstock
