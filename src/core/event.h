// Event: one change or message on its way, and EventBlock, the batch in memory that owns it.
// An Event is a plain struct of views into the arena of its EventBlock. The read stage fills a
// block on one thread and freezes it; from then on it is read by any thread, through shared_ptr.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/hash.h"
#include "base/result.h"
#include "base/time.h"
#include "doc/document.h"

namespace penstock {

// The numbers stand on disk, in dead letters: none is ever used for another meaning.
enum class Op : uint8_t {
  message = 0,  // no change of a record: a line, a log entry, a queue's message
  read = 1,     // a row of a snapshot
  insert = 2,
  update = 3,
  replace = 4,
  remove = 5,
  drop = 6,  // a control event, which is a barrier, as the three below
  drop_database = 7,
  rename = 8,
  invalidate = 9,
  other = 10,  // a kind that this build does not know; its name is `op` in meta; no barrier
};

std::string_view name_of(Op op);
std::optional<Op> op_from(std::string_view name);
std::optional<Op> op_from_number(uint8_t number);
constexpr bool is_barrier(Op op) {
  return op >= Op::drop && op <= Op::invalidate;
}

// Made with the process's secret by core/order_key.h; zero: the event has no order key.
using OrderKey = Hash128;

struct Event {
  // Stable across redelivery, and unlike in every generation of a source: the idempotency key of a
  // sink. The k-th copy of a split is id/k.
  std::string_view id;
  // Comparable bytes, strictly growing in the part and stable across redelivery; empty: not
  // durable.
  std::string_view order;
  std::string_view stream;  // "database.collection", table, topic, queue, file
  Op op = Op::message;
  bool has_raw = false;  // raw is the payload as it came; what changes the document clears this
  Document key, before, after;
  Document meta;  // extra fields by name; absent: none
  std::string_view raw;
  Timestamp at;        // the source's own time
  OrderKey order_key;  // set when frozen: hash of stream and key; zero without a key
  // What order_key is the hash of (core/order_key.h) where that is not `stream` and `key`: in an
  // event that a transform rejected. Else empty.
  std::string_view kept_key;

  // Bytes of its payload, for batch limits: raw, or the documents, and the names.
  size_t bytes() const {
    return (has_raw ? raw.size() : key.size() + before.size() + after.size()) + id.size() +
           stream.size();
  }
};

// As most sources give them: bytes that nobody has read yet.
inline bool is_payload_only(const Event& event) {
  return event.has_raw && !event.before && !event.after;
}

struct Rejection {     // an event that decoding, a transform or a sink will never take
  uint32_t index = 0;  // into EventBlock::events
  Error error;
};

struct EventBlock {
  explicit EventBlock(size_t arena_block_bytes = size_t{256} << 10) : arena(arena_block_bytes) {}
  Arena arena;
  std::vector<Event> events;
  std::vector<Rejection> rejections;  // by decoding and transforms, ascending index
};

// "event 17 of orders key {"id":3}", for messages; a long key is cut.
std::string describe(const Event& event);

// Position: where in a part reading goes on; opaque to the engine. Its bytes start with a version
// and name the identity of what they point into.
using Position = std::string;

}  // namespace penstock
