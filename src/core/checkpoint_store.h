// Checkpoint and CheckpointStore: the saved progress of a pipeline. A store is used by one thread
// at a time. save() is atomic, durable on return, and refused (fatal) once the lease is lost (I7).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/event.h"

namespace penstock {

struct Quarantined {  // a key whose changes follow an earlier one into the dead letters
  std::string sink;
  OrderKey key;
  std::string text;  // the key as people read it
  bool operator==(const Quarantined&) const = default;
};

struct Checkpoint {
  static constexpr uint32_t kVersion = 1;
  uint32_t version = kVersion;
  uint64_t epoch = 0;  // grows with each lease
  std::string fingerprint;
  std::map<std::string, Position> positions;  // by part id
  std::vector<Quarantined> quarantined;
  Timestamp at;
};

// Versioned bytes of a checkpoint, for stores that keep one blob. decode: `fatal` for a future
// version or for bytes that are no checkpoint, never an empty checkpoint.
std::string encode(const Checkpoint& checkpoint);
Result<Checkpoint> decode_checkpoint(std::string_view bytes);

struct Lease {
  uint64_t epoch = 0;
  std::optional<Duration> life;  // absent: held until released (an operating-system lock)
};

class CheckpointStore {
 public:
  virtual ~CheckpointStore() = default;
  // Takes the lease for this pipeline. `transient`: somebody else holds it, and the text says who.
  virtual Result<Lease> lease(Stop stop) = 0;
  virtual Result<std::optional<Checkpoint>> load(Stop stop) = 0;
  virtual Result<> save(const Checkpoint& checkpoint, Stop stop) = 0;  // renews the lease too

  // For operators. reset() forgets the checkpoint under the lease, pipelines() names all in this
  // store; neither it nor load() needs a lease, and neither makes a store that is missing.
  virtual Result<> reset(Stop) { return fatal("this checkpoint store has no reset"); }
  virtual Result<std::vector<std::string>> pipelines(Stop) {
    return fatal("this checkpoint store cannot list its pipelines");
  }
};

}  // namespace penstock
