// DeadLetter and DeadLetterStore: where rejected events are kept, with everything needed to see why
// and to send them again. write() is called by one thread at a time; durable on return.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/event.h"

namespace penstock {

struct DeadLetter {
  const Event* event = nullptr;  // owned by the caller for the time of write()
  std::string_view sink;         // where it failed; "" when decoding or a transform rejected it
  std::string_view error;
  std::string_view part;
  Position position;         // of the read it came with
  Timestamp at;              // when it was rejected
  bool quarantined = false;  // its key: what came of it later is in the dead letters too
};

// A stored dead letter, as list, show and replay see it. Owns its bytes.
struct StoredLetter {
  std::string pipeline, sink, error, part, position_text;
  Timestamp at;
  bool quarantined = false;
  bool replayed = false;
  uint64_t sequence = 0;              // of the append log: the order in which they were rejected
  std::string key;                    // of its order, as core/order_key.h keeps it; "": none
  std::shared_ptr<EventBlock> block;  // one event
  // Without its order key, which `key` stands for.
  const Event& event() const { return block->events.front(); }
};

// The part of a store that operators use; a store that cannot be read back has none. list() and
// mark_replayed() are for one thread each, and may run at the same time.
class DeadLetterArchive {
 public:
  virtual ~DeadLetterArchive() = default;
  // In append order, from `after` on (0: all), at most `most`, and fewer where they are large; none
  // at the end only.
  virtual Result<std::vector<StoredLetter>> list(uint64_t after, size_t most, Stop stop) = 0;
  // Notes in the ledger, durably, that these letters went back to their sink. The store must be
  // open for the pipeline: `fatal` otherwise.
  virtual Result<> mark_replayed(std::span<const uint64_t> sequences, Stop stop) = 0;
};

// Calls visit with every letter, in append order.
template <class Visit>
Result<> for_each_letter(DeadLetterArchive& archive, Stop stop, const Visit& visit) {
  constexpr size_t kPage = 500;
  uint64_t after = 0;
  while (!stop.stop_requested()) {
    TRY(std::vector<StoredLetter> page, archive.list(after, kPage, stop));
    if (page.empty()) {
      return {};
    }
    after = page.back().sequence;
    for (StoredLetter& letter : page) {
      visit(std::move(letter));
    }
  }
  return fail(Error::Kind::cancelled, "reading the dead letters was stopped");
}

class DeadLetterStore {
 public:
  virtual ~DeadLetterStore() = default;
  virtual Result<> open(const std::string& pipeline, Stop stop) = 0;
  virtual Result<> write(std::span<const DeadLetter> letters, Stop stop) = 0;
  // Reads back what is kept of a pipeline, without open(), also while another process writes. The
  // archive lives no longer than this store.
  virtual Result<std::unique_ptr<DeadLetterArchive>> archive(const std::string& /*pipeline*/) {
    return fatal("this dead letter store cannot be read back");
  }
};

}  // namespace penstock
