// Room: what unsettled events pin in memory, against the limits (I5). Half of a limit is shared out
// evenly, with one share to spare for a part to come; the other half goes to whoever reads first.
// So a part whose events are stuck never takes the last room of another. Kept as sums, which change
// with each part's own holding. Used under the runner's lock.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/source.h"
#include "engine/spec.h"

namespace penstock::engine {

struct Holding {  // of one part, with what its read under way may bring
  size_t bytes = 0;
  uint64_t events = 0;
};

class Room {
 public:
  explicit Room(const Limits& limits) : limits_(limits) {}

  // Shares become smaller; every holding is to be added once more.
  void share_among(size_t parts) {
    shares_ = 2 * (parts + 1);
    total_ = beyond_ = {};
  }
  void add(const Holding& holding) {
    total_.bytes += holding.bytes;
    total_.events += holding.events;
    const Holding more = beyond_share(holding);
    beyond_.bytes += more.bytes;
    beyond_.events += more.events;
  }
  void remove(const Holding& holding) {
    total_.bytes -= holding.bytes;
    total_.events -= holding.events;
    const Holding more = beyond_share(holding);
    beyond_.bytes -= more.bytes;
    beyond_.events -= more.events;
  }

  const Holding& total() const { return total_; }
  bool is_empty() const { return total_.events == 0; }
  bool is_beyond_share(const Holding& holding) const {
    const Holding more = beyond_share(holding);
    return more.bytes > 0 || more.events > 0;
  }
  // Whether a part with this holding may hold so much more.
  bool fits(const Holding& holding, const Holding& more) const {
    const Holding held = beyond_share(holding);
    const Holding wanted = beyond_share({holding.bytes + more.bytes, holding.events + more.events});
    if (wanted.bytes == 0 && wanted.events == 0) {
      return true;
    }
    return beyond_.bytes - held.bytes + wanted.bytes <= limits_.in_flight_bytes / 2 &&
           beyond_.events - held.events + wanted.events <= limits_.in_flight_events / 2;
  }

  // A read of a good size, or, where even that does not fit, one that fits a small share.
  ReadLimits good_read() const { return read(size_t{64} << 10, 64); }
  ReadLimits small_read() const { return read(size_t{1} << 10, 1); }
  // What a read may pin: its payload, its documents, its event structs.
  static Holding pinned_by(const ReadLimits& limits) { return {limits.bytes * 3, limits.events}; }

 private:
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
  Holding total_;
  Holding beyond_;  // of all parts, beyond their shares
};

}  // namespace penstock::engine
