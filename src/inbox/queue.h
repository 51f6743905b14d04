// Queue: what stands between a protocol server and the engine. The server appends requests from its
// threads and gets an answer for each later; the engine reads with one hand and commits with the
// other, each on one thread at a time, and both may be at work at once.
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
  // Who is told, without a lock, when there are records to read and the last read had met the end;
  // at most once a sync. Before the first read of a reader.
  virtual void listen(Signal signal) = 0;
  // Never waits: what is not there yet is for the signal to tell. Ids are the hex of the order.
  virtual Result<Read> read(EventBlock& block, const ReadLimits& limits, Stop stop) = 0;
  // Also at a position in the middle of a request. Touches nothing that read() does, but under a
  // lock.
  virtual Result<> commit(const Position& position) = 0;
};

}  // namespace penstock::inbox
