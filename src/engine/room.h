// Room: what unsettled events pin in memory, against the limits (I5). An eighth of a limit is
// shared out evenly, with one share to spare for a part to come; the rest goes to whoever reads
// first. So a part whose events are stuck never takes the last room of another. A share is never
// less than the smallest read: of very many parts not all can use theirs at once. Kept as sums,
// which change with each part's own holding. Owned by Parts; used under the runner's lock.
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

  Holding operator+(const Holding& more) const {
    return {bytes + more.bytes, events + more.events};
  }
  Holding operator-(const Holding& less) const {
    return {bytes - less.bytes, events - less.events};
  }
  bool is_nothing() const { return bytes == 0 && events == 0; }
  bool is_within(const Holding& most) const { return bytes <= most.bytes && events <= most.events; }
};

class Room {
 public:
  explicit Room(const Limits& limits) : limits_(limits) {}

  void share_among(size_t parts) {
    const Holding all = shared_out();
    share_ = {std::max(all.bytes / (parts + 1), 3 * kSmallestBytes),
              std::max<uint64_t>(all.events / (parts + 1), 1)};
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
    const Holding all{limits_.in_flight_bytes, limits_.in_flight_events};
    const Holding held = beyond_share(held_[part]);
    const Holding wanted = beyond_share(held_[part] + more);
    return (total_ + more).is_within(all) &&
           (wanted.is_nothing() || (beyond_ - held + wanted).is_within(all - shared_out()));
  }
  bool is_beyond_share(uint32_t part) const { return !beyond_share(held_[part]).is_nothing(); }
  // One that holds more than its share, each in its turn.
  std::optional<uint32_t> next_beyond_share() {
    while (const auto part = beyond_parts_.pop()) {
      if (is_beyond_share(*part)) {
        beyond_parts_.push(*part);
        return part;
      }
    }
    return std::nullopt;
  }

  // What to read: as much as a read may take, or, where that does not fit, a good piece, or what is
  // left of the part's share.
  ReadLimits full_read() const { return read(limits_.read_bytes, limits_.read_events); }
  ReadLimits good_read() const {
    return read(std::max(share_.bytes / 4, size_t{64} << 10),
                std::max<uint64_t>(share_.events, 64));
  }
  ReadLimits small_read(uint32_t part) const {
    const Holding left = share_ - within_share(held_[part]);
    return read(std::max(left.bytes / 4, kSmallestBytes), std::max<uint64_t>(left.events, 1));
  }
  ReadLimits smallest_read() const { return read(kSmallestBytes, 1); }
  // What a read may pin: its payload, its documents, its event structs.
  static Holding pinned_by(const ReadLimits& limits) { return {limits.bytes * 3, limits.events}; }

 private:
  void sum(uint32_t part, const Holding& before, const Holding& after) {
    const Holding less = beyond_share(before);
    const Holding more = beyond_share(after);
    total_ = total_ - before + after;
    beyond_ = beyond_ - less + more;
    if (!more.is_nothing()) {
      beyond_parts_.push(part);
    }
  }
  static constexpr size_t kSmallestBytes = size_t{1} << 10;  // of a read

  Holding shared_out() const { return {limits_.in_flight_bytes / 8, limits_.in_flight_events / 8}; }
  Holding within_share(const Holding& holding) const {
    return {std::min(holding.bytes, share_.bytes), std::min(holding.events, share_.events)};
  }
  Holding beyond_share(const Holding& holding) const { return holding - within_share(holding); }
  ReadLimits read(size_t bytes, uint64_t events) const {
    ReadLimits limits;
    limits.bytes = std::min(bytes, limits_.read_bytes);
    limits.events = static_cast<uint32_t>(std::min<uint64_t>(events, limits_.read_events));
    return limits;
  }

  const Limits& limits_;
  Holding share_;              // of each part
  std::vector<Holding> held_;  // by part
  Holding total_;
  Holding beyond_;  // of all parts, beyond their shares
  IndexList beyond_parts_;
};

}  // namespace penstock::engine
