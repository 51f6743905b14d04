// Source and Reader: where events come from. A source has parts; a part is one totally ordered log.
// The engine calls parts() and open() on one thread at a time, and each Reader on one thread at a
// time (not always the same). A reader never retries, never sleeps, never sees an acknowledgement:
// it reads and classifies errors. read() never waits for commit().
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/checkpoint_store.h"
#include "core/event.h"

namespace penstock {

struct ReadLimits {
  uint32_t events = 1000;
  size_t bytes = size_t{1} << 20;  // of payload; one event larger than this passes alone
  Duration wait{0};                // read() blocks at most this long for a first event
};

struct Read {
  Position position;       // after the last event of this read; may move without an event
  bool caught_up = false;  // there was nothing more at the time
  bool end = false;        // there will never be more in this part
};

class Reader {
 public:
  virtual ~Reader() = default;
  // Appends raw or decoded events (views into block.arena) to block.events.
  virtual Result<Read> read(EventBlock& block, const ReadLimits& limits, Stop stop) = 0;
  // The position is saved (or settled, where the source owns its position): drop what is before.
  virtual Result<> commit(const Position& position, Stop stop) = 0;
};

struct Part {
  std::string id;  // stable, unique in the source; fit for a file name
  // Where open() without a position begins: as the source is configured, or, after a lost position,
  // as `on_lost_position` says.
  enum class Start : uint8_t { configured, earliest, latest } start = Start::configured;
};

struct SourceTraits {
  bool durable_order = true;  // `order` is stable across restarts: objects can be told apart by it
  uint32_t generation_bytes = 0;  // of `order`: an object holds events that agree in these
  bool owns_position = false;     // inbox, queue, payload: commit() is its checkpoint
  bool saves_position = true;     // false: nothing to resume (stdin, generate without count)
  bool blocks = false;            // read() itself waits up to limits.wait for a first event
  bool changing_parts = false;    // parts() may answer otherwise later: ask again
  bool starts_latest = false;     // open() can begin behind what is there: Part::Start::latest
  std::string default_format = "event";
};

class Source {
 public:
  virtual ~Source() = default;
  virtual SourceTraits traits() const = 0;
  // What identifies the thing this source reads; another fingerprint in the checkpoint is an error.
  virtual std::string fingerprint() const = 0;
  // What can be read now, in a stable order.
  virtual Result<std::vector<Part>> parts(const Checkpoint& checkpoint, Stop stop) = 0;
  virtual Result<std::unique_ptr<Reader>> open(const Part& part,
                                               const std::optional<Position>& position,
                                               Stop stop) = 0;
};

}  // namespace penstock
