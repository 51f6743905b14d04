// Queue: what stands between a protocol server and the engine. The server appends requests from its
// threads and gets an answer for each later; the engine reads and commits, one thread at a time.
// Two kinds: on disk (inbox.h), which answers once a record is safe, and in memory
// (memory_queue.h), which answers once it is delivered.
#pragma once

#include <functional>

#include "core/source.h"
#include "inbox/frame.h"
#include "inbox/order.h"

namespace penstock::inbox {

class Queue {
 public:
  // First the place of the request's first record; the others follow it by one each. `transient`:
  // full, nothing was kept. `fatal`: the queue is broken, the outcome is unknown.
  using Answer = std::function<void(Result<Place>)>;

  virtual ~Queue() = default;
  // Any thread; may answer at once, on the caller's.
  virtual void append(FrameWriter frame, Answer answer) = 0;
  // Waits up to limits.wait for a first record. Ids are the hex of the order.
  virtual Result<Read> read(EventBlock& block, const ReadLimits& limits, Stop stop) = 0;
  virtual Result<> commit(const Position& position) = 0;
};

}  // namespace penstock::inbox
