// Ledger: which events of one part are still open, and the safe position that follows from it.
// Each read becomes a Chunk with one counter an event: the sink copies that are not settled. The
// longest settled prefix of the part gives the position that may be saved. Owned by Parts; used
// under the runner's lock.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "core/event.h"
#include "core/source.h"
#include "engine/spec.h"

namespace penstock::engine {

// What one sink does with the events of a read; filled by the read stage.
struct Routes {
  std::vector<OrderKey> keys;         // by event; empty: Event::order_key
  std::vector<uint8_t> taken;         // by event; empty: every event
  std::vector<Rejection> rejections;  // the sink has no name for these; ascending index
};

// One read on its way through the engine. The read stage fills the first members, the ledger keeps
// the others.
struct Chunk {
  std::shared_ptr<EventBlock> block;
  std::vector<Routes> routes;  // by sink
  Read read;
  uint32_t part = 0;
  uint32_t filtered = 0;  // events that transforms took away

  Instant arrived;  // in the lanes
  uint32_t events = 0;
  uint32_t open = 0;                  // events that are not settled
  std::vector<Rejection> rejections;  // by decoding and transforms, ascending index
  std::vector<uint16_t> pending;      // by event: copies not settled, plus one until dispatched
  std::vector<uint32_t> kept;  // after compaction: which events `block` and `pending` still hold
  uint32_t prefix = 0;         // into `pending`: what is before is settled
  size_t open_bytes = 0;       // payload of the open events
  size_t pinned_bytes = 0;     // what all of it holds in memory
  uint64_t passed_events = 0;  // of the reads behind it that are settled, and gone
  std::optional<Position> passed;                     // behind the last of these
  std::list<std::unique_ptr<Chunk>>::iterator place;  // in the part's order

  const Event& event(uint32_t index) const { return block->events[slot(index)]; }
  uint32_t slot(uint32_t index) const { return kept.empty() ? index : slot_of_kept(index); }
  uint32_t prefix_events() const { return kept.empty() ? prefix : kept[prefix]; }

 private:
  uint32_t slot_of_kept(uint32_t index) const;
};

class Ledger {
 public:
  struct Safe {
    uint64_t events = 0;  // settled before it
    Position position;
    bool operator==(const Safe&) const = default;
  };

  // The chunk's events count as open until settled. Null: it had none and only moved the position.
  Chunk* add(std::unique_ptr<Chunk> chunk);
  // One more copy of the event is on its way to a sink or the dead letters.
  static void expect(Chunk& chunk, uint32_t index) { ++chunk.pending[chunk.slot(index)]; }
  // One copy of the event is durable (or needs none). True when that was the event's last. A chunk
  // is gone with the last copy of its last event.
  bool settle(Chunk& chunk, uint32_t index);

  // Every event of it is on its way: what routed it is of no more use.
  void dispatched(Chunk& chunk);

  // Follows the settled prefix; true where it has moved since the last call.
  bool advance();
  // The position behind the settled prefix, as far as the source can name it; never before the one
  // that it gave last. Nothing before the first one.
  const std::optional<Safe>& safe(const PositionBefore& position_before);
  // Copies the few open events of half-empty chunks out of their arenas. Its cost is shared by the
  // events that were added and settled since the last time.
  void compact();

  uint64_t read() const { return read_; }
  uint64_t settled() const {  // events in the settled prefix
    return settled_ + (chunks_.empty() ? 0 : chunks_.front()->prefix_events());
  }
  uint64_t open() const { return open_; }
  uint64_t settled_behind() const { return read_ - open_ - settled(); }  // behind an open one
  size_t pinned_bytes() const { return pinned_bytes_; }
  Timestamp newest_read() const { return newest_read_; }
  Timestamp newest_settled() const { return newest_settled_; }
  std::optional<Timestamp> oldest_open() const;  // the source time of the first open event

 private:
  void pass(Chunk* before, uint64_t events, Position position);
  void release(Chunk& chunk);
  void compact(Chunk& chunk);
  void count(Chunk& chunk);

  // The chunks with open events, in the order of the part. What is settled behind an open event
  // takes no memory: the chunk before it keeps its number of events and its position.
  std::list<std::unique_ptr<Chunk>> chunks_;
  std::optional<Safe> safe_;  // as it was given last
  uint64_t changes_ = 0;      // since the last compaction
  uint64_t read_ = 0;
  uint64_t settled_ = 0;  // before the first chunk
  bool moved_ = false;
  uint64_t open_ = 0;
  size_t pinned_bytes_ = 0;
  Timestamp newest_read_, newest_settled_;
};

}  // namespace penstock::engine
