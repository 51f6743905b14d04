// Source and Reader: where events come from. A source has parts; a part is one totally ordered log.
// parts() and open() never run at once. A Reader has two hands: one reads, the other commits, each
// on one thread at a time (not always the same), and both may be at work at once. A reader never
// retries, never sleeps, never sees an acknowledgement: it reads and classifies errors.
#pragma once

#include <functional>
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
  std::optional<Duration> behind = {};    // how old what is read next is, as the source tells it
  std::optional<Duration> headroom = {};  // until the position falls off the source's retention
};

// Says that a part has something to read now, so that nobody waits for the next look. A value that
// may be copied, called by any thread without a lock of one's own, and outlive the pipeline.
class Signal {
 public:
  Signal() = default;  // nobody listens
  explicit Signal(std::function<void()> ready) : ready_(std::move(ready)) {}
  void ready() const {
    if (ready_) {
      ready_();
    }
  }

 private:
  std::function<void()> ready_;
};

class Reader {
 public:
  virtual ~Reader() = default;
  // The hand that reads: appends raw or decoded events (views into block.arena) to block.events.
  virtual Result<Read> read(EventBlock& block, const ReadLimits& limits, Stop stop) = 0;
  // The other hand, also while a read waits. The position is saved (or settled, where the source
  // owns its position): drop what is before.
  virtual Result<> commit(const Position& position, Stop stop) = 0;
};

struct Part {
  std::string id;  // stable, unique in the source; fit for a file name
  // Where open() without a position begins: as the source is configured, or, after a lost position,
  // as `on_lost_position` says.
  enum class Start : uint8_t { configured, earliest, latest } start = Start::configured;
};

enum class Progress : uint8_t {
  saved,         // the position goes into the checkpoint
  source_owned,  // commit() is its checkpoint: inbox, queue
  none,          // nothing to resume: stdin, generate without count
};

struct SourceTraits {
  Progress progress = Progress::saved;
  Duration wait{0};  // how long read() itself waits for a first event; 0: it returns at once
  uint32_t generation_bytes = 0;    // of `order`: an object holds events that agree in these
  bool generations_ascend = false;  // every order of a later one is greater
  bool changing_parts = false;      // parts() may answer otherwise later: ask again
  bool starts_latest = false;       // open() can begin behind what is there: Part::Start::latest
};

class Source {
 public:
  virtual ~Source() = default;
  virtual SourceTraits traits() const = 0;
  // What identifies the thing this source reads; another fingerprint in the checkpoint is an error.
  virtual std::string fingerprint() const = 0;
  // What can be read now, in a stable order. The checkpoint has the live positions: behind what is
  // settled, saved or not.
  virtual Result<std::vector<Part>> parts(const Checkpoint& checkpoint, Stop stop) = 0;
  virtual Result<std::unique_ptr<Reader>> open(const Part& part,
                                               const std::optional<Position>& position,
                                               Signal signal, Stop stop) = 0;
  // The position from which reading begins with the event of this order, in a read that ended at
  // `end`; nothing where the source cannot name it. Pure; any thread.
  virtual std::optional<Position> position_before(const Position& /*end*/,
                                                  std::string_view /*order*/) const {
    return std::nullopt;
  }
};

}  // namespace penstock
