// Room: what unsettled events pin in memory, against the limits (I5). Half of a limit is shared out
// evenly, with one share to spare for a part to come; the other half goes to whoever reads first.
// So a part whose events are stuck never takes the last room of another. Kept as sums, which change
// with each part's own holding. Owned by Parts; used under the runner's lock.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/index_list.h"
#include "core/source.h"
#include "engine/spec.h"

namespace penstock::engine {

struct Holding {  // of one part, with what its read under way may bring
  size_t bytes = 0;
  uint64_t events = 0;

  bool is_nothing() const { return bytes == 0 && events == 0; }
};

class Room {
 public:
  explicit Room(const Limits& limits) : limits_(limits) {}

  void share_among(size_t parts) {
    shares_ = 2 * (parts + 1);
    held_.resize(parts);
    total_ = beyond_ = {};
    for (uint32_t part = 0; part < parts; ++part) {
      sum(part, {}, held_[part]);
    }
  }
  void set(uint32_t part, const Holding& holding) {
    sum(part, held_[part], holding);
    held_[part] = holding;
  }

  const Holding& total() const { return total_; }
  bool is_empty() const { return total_.events == 0; }
  // Whether the part may hold so much more.
  bool fits(uint32_t part, const Holding& more) const {
    const Holding held = beyond_share(held_[part]);
    const Holding wanted =
        beyond_share({held_[part].bytes + more.bytes, held_[part].events + more.events});
    if (wanted.is_nothing()) {
      return true;
    }
    return beyond_.bytes - held.bytes + wanted.bytes <= limits_.in_flight_bytes / 2 &&
           beyond_.events - held.events + wanted.events <= limits_.in_flight_events / 2;
  }
  // One that holds more than its share, each in its turn.
  std::optional<uint32_t> next_beyond_share() {
    while (const auto part = beyond_parts_.pop()) {
      if (!beyond_share(held_[*part]).is_nothing()) {
        beyond_parts_.push(*part);
        return part;
      }
    }
    return std::nullopt;
  }

  // A read of a good size, or, where even that does not fit, one that fits a small share.
  ReadLimits good_read() const { return read(size_t{64} << 10, 64); }
  ReadLimits small_read() const { return read(size_t{1} << 10, 1); }
  // What a read may pin: its payload, its documents, its event structs.
  static Holding pinned_by(const ReadLimits& limits) { return {limits.bytes * 3, limits.events}; }

 private:
  void sum(uint32_t part, const Holding& before, const Holding& after) {
    const Holding less = beyond_share(before);
    const Holding more = beyond_share(after);
    total_.bytes += after.bytes - before.bytes;
    total_.events += after.events - before.events;
    beyond_.bytes += more.bytes - less.bytes;
    beyond_.events += more.events - less.events;
    if (!more.is_nothing()) {
      beyond_parts_.push(part);
    }
  }
  Holding beyond_share(const Holding& holding) const {
    return {
        holding.bytes - std::min(holding.bytes, limits_.in_flight_bytes / shares_),
        holding.events - std::min<uint64_t>(holding.events, limits_.in_flight_events / shares_)};
  }
  ReadLimits read(size_t bytes_min, uint64_t events_min) const {
    ReadLimits limits;
    limits.bytes =
        std::min(std::max(limits_.in_flight_bytes / shares_ / 4, bytes_min), limits_.read_bytes);
    const uint64_t events = std::max<uint64_t>(limits_.in_flight_events / shares_, events_min);
    limits.events = static_cast<uint32_t>(std::min<uint64_t>(events, limits_.read_events));
    return limits;
  }

  const Limits& limits_;
  size_t shares_ = 2;
  std::vector<Holding> held_;  // by part
  Holding total_;
  Holding beyond_;  // of all parts, beyond their shares
  IndexList beyond_parts_;
};

}  // namespace penstock::engine
