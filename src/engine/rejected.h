// Rejected: what waits for the dead letter store, in the order in which it was rejected. An event
// is settled when its letter is durable, not before (I1). Owned by the pipeline; used under the
// runner's lock.
#pragma once

#include <string>
#include <vector>

#include "base/fifo.h"
#include "engine/action.h"
#include "engine/outage.h"
#include "engine/parts.h"
#include "engine/timers.h"

namespace penstock::engine {

struct Letter {
  Item item;         // to settle once the letter is durable
  std::string sink;  // where it failed; "" for decoding and transforms
  std::string error;
  bool is_quarantined = false;  // it followed an earlier rejected event of its key
};

class Rejected {
 public:
  Rejected(const PipelineSpec& spec, Timers& timers, Notices& notices)
      : spec_(spec), timers_(timers), notices_(notices), random_(spec.seed ^ 0xdead) {}

  bool asks_to_open() { return std::exchange(open_due_, false); }
  Result<> opened(const Result<>& result, Instant now);
  bool is_open() const { return !spec_.has_dead_letter || is_open_; }
  void open_timer() { open_due_ = !is_open_; }
  void start() { open_due_ = spec_.has_dead_letter; }

  void bury(Letter letter) { letters_.push_back(std::move(letter)); }
  bool has_next(Instant now) const {
    return !letters_.empty() && in_flight_.empty() && resume_at_ <= now;
  }
  action::WriteLetters next_write(const Parts& parts);
  // An error where the pipeline stops.
  Result<> written(const Result<>& result, Instant now, std::vector<Letter>& durable);

  const Outage* failing() const { return outage_.since() ? &outage_ : nullptr; }

 private:
  const PipelineSpec& spec_;
  Timers& timers_;
  Notices& notices_;
  Random random_;
  bool open_due_ = false;
  bool is_open_ = false;
  Fifo<Letter> letters_;
  std::vector<Letter> in_flight_;
  Instant resume_at_;
  Outage outage_{"the dead letters"};
};

}  // namespace penstock::engine
