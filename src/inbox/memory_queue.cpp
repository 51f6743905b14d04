#include "inbox/memory_queue.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "base/random.h"
#include "inbox/emit.h"

namespace penstock::inbox {

MemoryQueue::MemoryQueue(size_t bytes_max, Clock& clock, uint64_t seed)
    : bytes_max_(bytes_max),
      generation_(next_generation(clock.wall().micros, Random(seed).next(), 0)) {}

MemoryQueue::~MemoryQueue() {
  for (Waiting& waiting : waiting_) {
    waiting.answer(transient("stopped before this was delivered; send it again"));
  }
}

void MemoryQueue::append(FrameWriter frame, Answer answer) {
  {
    const MutexLock lock(mutex_);
    if (bytes_ + frame.size() <= bytes_max_) {
      bytes_ += frame.size();
      Waiting& waiting = waiting_.emplace_back(std::move(frame), std::move(answer));
      waiting.sequence = next_sequence_;
      waiting.frame.seal(next_sequence_, 0, 0);
      next_sequence_ += waiting.frame.records();
      changed_.notify_all();
      return;
    }
  }
  answer(transient(fmt::format("{} bytes wait to be delivered already; try later", bytes_max_)));
}

Result<Read> MemoryQueue::read(EventBlock& block, const ReadLimits& limits, Stop stop) {
  size_t bytes = 0;
  uint32_t given = 0;
  bool caught_up = false;
  while (given < limits.events && bytes < limits.bytes) {
    if (reading_ == nullptr) {
      const MutexLock lock(mutex_);
      const auto ready = [this]() REQUIRES(mutex_) { return unread_ < waiting_.size(); };
      if (!ready() && (given > 0 || !changed_.wait_for(mutex_, stop, limits.wait, ready))) {
        caught_up = true;
        break;
      }
      reading_ = &waiting_[unread_];
      ++unread_;
      const auto view = parse_frame(reading_->frame.bytes(), 0);
      CHECK(view.has_value());
      view_ = *view;
      rest_ = view_.body;
    }
    const uint64_t next = std::max(read_ + 1, view_.sequence);
    const uint32_t count =
        emit_records(view_, {.generation = generation_, .sequence = next}, rest_, block,
                     {.events = limits.events - given, .bytes = limits.bytes, .wait = {}}, bytes);
    given += count;
    read_ = count > 0 ? next + count - 1 : read_;
    if (rest_.empty()) {
      reading_ = nullptr;
    }
  }
  for (Event& event : block.events) {
    event.order = {};  // the next run knows nothing of these records
  }
  Read read;
  read.position = Place{.generation = generation_, .sequence = read_}.position();
  read.caught_up = caught_up;
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
