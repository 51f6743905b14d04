// Timers: every instant that the pipeline waits for. An owner (kind and index) has one at most, the
// earliest it asked for. Used under the runner's lock.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/time.h"

namespace penstock::engine {

class Timers {
 public:
  enum class Kind : uint8_t {
    lease,     // to be taken once more, or renewed
    open,      // a sink, or the dead letter store, is to be opened once more
    discover,  // the source is asked for its parts
    part,      // may be read, or opened, again
    queue,     // a queue of a sink may write
    sink,      // the pause of a sink ends
    commit,    // a part may be committed again
    letters,   // the dead letters may be written again
    save,      // the checkpoint may be saved
    until,     // until.deadline
    drain,     // its grace period is over
    closing,   // no more time for the last save and commits
  };
  struct Due {
    Kind kind;
    uint64_t index;
    auto operator<=>(const Due&) const = default;
  };

  void arm(Kind kind, uint64_t index, Instant at) {
    const Due owner{kind, index};
    Instant& armed = armed_.try_emplace(owner, Instant::never()).first->second;
    if (at < armed) {
      order_.erase({armed, owner});
      order_.emplace(at, owner);
      armed = at;
    }
  }
  // The next one that is due; it no longer counts.
  std::optional<Due> pop(Instant now) {
    if (order_.empty() || order_.begin()->first > now) {
      return std::nullopt;
    }
    const Due owner = order_.begin()->second;
    order_.erase(order_.begin());
    armed_.at(owner) = Instant::never();
    return owner;
  }
  Instant next() const { return order_.empty() ? Instant::never() : order_.begin()->first; }

 private:
  std::map<Due, Instant> armed_;  // of every owner; never: it waits for nothing
  std::set<std::pair<Instant, Due>> order_;
};

}  // namespace penstock::engine
