// Ledger: which events of one part are still open, and the safe position that follows from it.
// Each read becomes a Chunk with one counter an event: the sink copies that are not settled. The
// longest settled prefix of chunks gives the position that may be saved. Owned by the pipeline;
// used under the runner's lock.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "core/event.h"
#include "core/source.h"

namespace penstock::engine {

// What one sink does with the events of a read; filled by the read stage.
struct Routes {
  std::vector<OrderKey> keys;         // by event; empty: Event::order_key
  std::vector<uint8_t> taken;         // by event; empty: every event
  std::vector<Rejection> rejections;  // the sink has no name for these; ascending index
};

// One read on its way through the engine.
struct Chunk {
  std::shared_ptr<EventBlock> block;  // null once every event is settled
  std::vector<Routes> routes;         // by sink
  Read read;
  uint32_t part = 0;
  uint32_t filtered = 0;  // events that transforms took away

  std::vector<uint16_t> pending;  // by event: copies not settled, plus one until dispatched
  std::vector<uint32_t> kept;     // after compaction: original index of each event of `block`
  uint32_t events = 0;
  uint32_t open = 0;        // events whose pending is not zero
  size_t open_bytes = 0;    // payload of those
  size_t pinned_bytes = 0;  // what `block` holds in memory

  const Event& event(uint32_t index) const;
};

class Ledger {
 public:
  // The chunk's events count as open until settled; an empty chunk only moves the position.
  Chunk& add(std::unique_ptr<Chunk> chunk);
  // One more copy of the event is on its way to a sink or the dead letters.
  static void expect(Chunk& chunk, uint32_t index) { ++chunk.pending[index]; }
  // One copy of the event is durable (or needs none). True when that was the event's last.
  bool settle(Chunk& chunk, uint32_t index);

  // The position behind the longest settled prefix, as far as it moved since the last call.
  std::optional<Position> take_safe_position();
  // Copies the few open events of half-empty chunks out of their arenas.
  void compact();

  uint64_t read() const { return read_; }
  uint64_t settled() const { return settled_; }  // events in the settled prefix
  uint64_t open() const { return open_; }
  size_t pinned_bytes() const { return pinned_bytes_; }
  uint64_t held_slots() const { return held_slots_; }  // settled events behind an open one
  Timestamp newest_read() const { return newest_read_; }
  Timestamp newest_settled() const { return newest_settled_; }
  std::optional<Timestamp> oldest_open() const;  // the source time of the first open event

 private:
  void release(Chunk& chunk);
  void compact(Chunk& chunk);

  std::deque<std::unique_ptr<Chunk>> chunks_;  // in the order of the part
  uint64_t read_ = 0;
  uint64_t settled_ = 0;
  uint64_t open_ = 0;
  uint64_t held_slots_ = 0;
  size_t pinned_bytes_ = 0;
  Timestamp newest_read_, newest_settled_;
};

}  // namespace penstock::engine
