#include "core/quarantine.h"

#include <algorithm>

#include "base/check.h"
#include "doc/bson.h"

namespace penstock {

namespace {

constexpr size_t kTextBytesMax = 256;  // of each of thousands of keys, in memory and on disk

std::string shortened(std::string text) {
  if (text.size() <= kTextBytesMax) {
    return text;
  }
  constexpr std::string_view kEllipsis = "…";
  size_t end = kTextBytesMax - kEllipsis.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) {
    --end;  // inside a character
  }
  return text.substr(0, end).append(kEllipsis);
}

}  // namespace

std::string key_text(const Event& event) {
  std::string text;
  if (event.key) {
    doc::append_text(event.key, text);
  }
  return text;
}

Quarantined quarantined_at(std::string_view sink, const Event& event) {
  Quarantined entry{std::string(sink), kept_key_of(event), shortened(key_text(event))};
  CHECK(!entry.key.empty());
  return entry;
}

void QuarantineSet::load(std::span<const Quarantined> entries, std::string_view sink) {
  for (const Quarantined& entry : entries) {
    if (entry.sink != sink && !entry.sink.empty()) {
      continue;
    }
    if (const std::optional<Hash128> old = old_key_of(entry.key)) {
      old_.emplace(*old, entry.text);
    } else {
      keys_.insert(order_key_of_kept(options_.hash_key, entry.key));
    }
  }
}

bool QuarantineSet::insert(const Event& event) {
  if (event.order_key.is_zero() || is_old(event)) {
    return false;
  }
  return keys_.insert(event.order_key).second;
}

bool QuarantineSet::contains(const Event& event) const {
  return !event.order_key.is_zero() && (keys_.contains(event.order_key) || is_old(event));
}

// Asked only while such entries are left: both hashes of every event are not for ever.
bool QuarantineSet::is_old(const Event& event) const {
  if (old_.empty()) {
    return false;
  }
  if (old_.contains(old_order_key_of(event))) {
    return true;
  }
  if (!options_.folders || !event.key) {
    return false;
  }
  const std::string text = key_text(event);
  return std::ranges::any_of(old_, [&](const auto& entry) { return entry.second == text; });
}

}  // namespace penstock
