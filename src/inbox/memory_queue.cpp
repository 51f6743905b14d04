#include "inbox/memory_queue.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "inbox/emit.h"

namespace penstock::inbox {

MemoryQueue::MemoryQueue(size_t bytes_max, Clock& clock, uint64_t seed)
    : bytes_max_(bytes_max),
      clock_(clock),
      generation_(next_generation(clock.wall().micros, Random(seed).next(), 0)) {}

MemoryQueue::~MemoryQueue() {
  for (Waiting& waiting : waiting_) {
    waiting.answer(transient("stopped before this was delivered; send it again"));
  }
}

void MemoryQueue::listen(Signal signal) {
  const MutexLock lock(mutex_);
  signal_ = std::move(signal);
  is_dry_ = true;
}

void MemoryQueue::append(FrameWriter frame, Answer answer) {
  Signal signal;
  Answer refused;
  {
    const MutexLock lock(mutex_);
    if (bytes_ + frame.size() > bytes_max_) {
      refused = std::move(answer);
    } else {
      bytes_ += frame.size();
      Waiting& waiting = waiting_.emplace_back(std::move(frame), std::move(answer));
      waiting.sequence = next_sequence_;
      waiting.frame.seal(next_sequence_, 0, 0);
      next_sequence_ += waiting.frame.records();
      if (std::exchange(is_dry_, false)) {
        signal = signal_;
      }
    }
  }
  if (refused) {
    return refused(
        transient(fmt::format("{} bytes wait to be delivered already; try later", bytes_max_)));
  }
  signal.ready();
}

// There is a frame with records that were not given yet. Where there is none, the next append
// signals: both are told under one lock, so that no record falls between.
bool MemoryQueue::next_frame() {
  if (reading_ != nullptr) {
    return true;
  }
  {
    const MutexLock lock(mutex_);
    is_dry_ = unread_ == waiting_.size();
    if (is_dry_) {
      return false;
    }
    reading_ = &waiting_[unread_];
    ++unread_;
  }
  const auto view = parse_frame(reading_->frame.bytes(), 0);
  CHECK(view.has_value());
  view_ = *view;
  rest_ = view_.body;
  return true;
}

Result<Read> MemoryQueue::read(EventBlock& block, const ReadLimits& limits, Stop /*stop*/) {
  size_t bytes = 0;
  uint32_t given = 0;
  bool found = next_frame();
  while (found && given < limits.events && bytes < limits.bytes) {
    const uint64_t next = std::max(read_ + 1, view_.sequence);
    const uint32_t count =
        emit_records(view_, {.generation = generation_, .sequence = next}, rest_, block,
                     {.events = limits.events - given, .bytes = limits.bytes, .wait = {}}, bytes);
    given += count;
    read_ = count > 0 ? next + count - 1 : read_;
    if (rest_.empty()) {
      reading_ = nullptr;
    }
    found = next_frame();
  }
  for (Event& event : block.events) {
    event.order = {};  // the next run knows nothing of these records
  }
  Read read;
  read.position = Place{.generation = generation_, .sequence = read_}.position();
  read.caught_up = !found;
  read.behind = found ? age(view_.at, clock_) : Duration{0};
  return read;
}

Result<> MemoryQueue::commit(const Position& position) {
  const auto place = Place::from_position(position);
  if (!place || place->generation != generation_) {
    return fatal("cannot commit at a position of another queue");
  }
  while (true) {
    Waiting done{.frame = FrameWriter("", {}, 0), .answer = {}, .sequence = 0};
    {
      const MutexLock lock(mutex_);
      if (waiting_.empty() ||
          waiting_.front().sequence + waiting_.front().frame.records() - 1 > place->sequence) {
        return {};
      }
      done = std::move(waiting_.front());
      waiting_.pop_front();
      CHECK(unread_ > 0);  // only what was read is committed
      --unread_;
      bytes_ -= done.frame.size();
    }
    done.answer(Place{.generation = generation_, .sequence = done.sequence});
  }
}

}  // namespace penstock::inbox
