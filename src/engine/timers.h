// Timers: every instant that the pipeline waits for. An owner (kind and index) has one at most, the
// earliest it asked for. Used under the runner's lock.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

#include "base/ranking.h"
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
    if (at < armed_.value_of(owner, Instant::never())) {
      armed_.set(owner, at);
    }
  }
  // The next one that is due; it no longer counts.
  std::optional<Due> pop(Instant now) {
    if (next() > now) {
      return std::nullopt;
    }
    const Due owner = armed_.first().owner;
    armed_.set(owner, Instant::never());
    return owner;
  }
  Instant next() const { return armed_.empty() ? Instant::never() : armed_.first().value; }

 private:
  Ranking<Due, Instant> armed_;  // never: it waits for nothing
};

}  // namespace penstock::engine
