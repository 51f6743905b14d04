// Checkpoint and CheckpointStore: the saved progress of a pipeline. It belongs to the pipeline's
// name and to its source's identity, both from the store's Context. A store is used by one thread
// at a time. save() is atomic, durable on return, and refused (fatal) once the lease is lost (I7).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/event.h"

namespace penstock {

struct Quarantined {  // a key whose changes follow an earlier one into the dead letters
  std::string sink;
  std::string key;   // as core/order_key.h keeps it: every process makes its order key of it
  std::string text;  // the key as people read it; of version 1 all of it, else its front
  bool operator==(const Quarantined&) const = default;
};

struct Checkpoint {
  uint64_t epoch = 0;  // grows with each lease
  std::string fingerprint;
  std::map<std::string, Position> positions;  // by part id
  std::vector<Quarantined> quarantined;
  Timestamp at;
};

// What a save changes; in one piece, so that a position that passes a rejected event is never saved
// without its key.
struct Changes {
  std::vector<std::pair<std::string, Position>> positions;  // by part id
  std::vector<Quarantined> quarantined;                     // new ones
  std::vector<std::string> forgotten;                       // parts
  std::vector<Quarantined> released;                        // from quarantine
  Timestamp at;
};
void apply(const Changes& changes, Checkpoint& checkpoint);

// The checkpoint of version 1 of the stores' formats, which was one blob. `fatal` for a later
// version or for bytes that are no checkpoint, never an empty checkpoint.
Result<Checkpoint> decode_checkpoint(std::string_view bytes);

struct Lease {
  uint64_t epoch = 0;
  std::optional<Duration> life;  // absent: held until released (an operating-system lock)
};

class CheckpointStore {
 public:
  virtual ~CheckpointStore() = default;
  // Takes the lease. `held`: somebody else has it, and the text says who; retry_after says how long
  // it lives unless it is renewed, and is absent where it lives until its holder ends.
  virtual Result<Lease> lease(Stop stop) = 0;
  virtual Result<std::optional<Checkpoint>> load(Stop stop) = 0;
  virtual Result<> save(const Changes& changes, Stop stop) = 0;  // renews the lease too
  // Gives the lease back at a clean end, so that nobody waits for the end of its life.
  virtual Result<> release(Stop stop) = 0;

  // For operators. reset() forgets the checkpoint under the lease, pipelines() names all in this
  // store; neither it nor load() needs a lease, and neither makes a store that is missing.
  virtual Result<> reset(Stop) { return fatal("this checkpoint store has no reset"); }
  virtual Result<std::vector<std::string>> pipelines(Stop) {
    return fatal("this checkpoint store cannot list its pipelines");
  }
};

}  // namespace penstock
