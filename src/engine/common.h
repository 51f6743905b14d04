// Common: what all rooms of a pipeline use: its spec, the instants they wait for, what they have to
// say, and chance. Owned by the pipeline; used under the runner's lock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "base/ranking.h"
#include "engine/spec.h"

namespace penstock::engine {

// Every instant that the pipeline waits for. An owner (kind and index) has one at most, the
// earliest it asked for.
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

struct Notice {  // for the log, written by the runner once its lock is free
  Log::Level level;
  std::string what;
};

struct Common {
  explicit Common(const PipelineSpec& of) : spec(of), random(of.seed) {}

  const PipelineSpec& spec;
  Timers timers;
  std::vector<Notice> notices;
  Random random;
};

}  // namespace penstock::engine
