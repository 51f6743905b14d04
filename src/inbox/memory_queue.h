// MemoryQueue: the queue of a protocol source without an inbox. A request is answered when all of
// its records are committed, which is when every sink has them; a client that gets no answer sends
// again, and its records then have other ids. Threads as Queue says. Owned by its source.
#pragma once

#include <deque>

#include "base/mutex.h"
#include "inbox/queue.h"

namespace penstock::inbox {

class MemoryQueue final : public Queue {
 public:
  // bytes_max: of what waits to be delivered; beyond it append() answers `transient`.
  MemoryQueue(size_t bytes_max, Clock& clock, uint64_t seed);
  ~MemoryQueue() override;  // answers `transient` to what was not delivered
  MemoryQueue(const MemoryQueue&) = delete;
  MemoryQueue& operator=(const MemoryQueue&) = delete;

  void append(FrameWriter frame, Answer answer) override;
  void listen(Signal signal) override;
  Result<Read> read(EventBlock& block, const ReadLimits& limits, Stop stop) override;
  Result<> commit(const Position& position) override;

 private:
  struct Waiting {
    FrameWriter frame;
    Answer answer;
    uint64_t sequence = 0;
  };

  bool next_frame();

  const size_t bytes_max_;
  Clock& clock_;
  const uint64_t generation_;

  // Of the hand that reads. What it reads from is not committed yet, so the other hand leaves it.
  const Waiting* reading_ = nullptr;  // in waiting_, whose elements stay where they are
  FrameView view_;
  std::string_view rest_;
  uint64_t read_ = 0;  // the sequence given last

  Mutex mutex_;                                     // no answer and no signal under it
  std::deque<Waiting> waiting_ GUARDED_BY(mutex_);  // in order; the front ones may be read already
  size_t unread_ GUARDED_BY(mutex_) = 0;            // index of the first one that is not
  size_t bytes_ GUARDED_BY(mutex_) = 0;
  uint64_t next_sequence_ GUARDED_BY(mutex_) = 1;
  Signal signal_ GUARDED_BY(mutex_);
  // The last read met the end, or there was none: what comes is signalled.
  bool is_dry_ GUARDED_BY(mutex_) = true;
};

}  // namespace penstock::inbox
