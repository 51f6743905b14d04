// Rejected: what waits for the dead letter store, in the order in which it was rejected. An event
// is settled when its letter is durable, not before (I1). Owned by the pipeline; used under the
// runner's lock.
#pragma once

#include <string>
#include <vector>

#include "base/fifo.h"
#include "engine/action.h"
#include "engine/parts.h"
#include "engine/retry.h"

namespace penstock::engine {

struct Letter {
  Item item;                 // to settle once the letter is durable
  SinkStatus* at = nullptr;  // where it failed: a sink, or decoding and transforms
  std::string error;
  bool is_quarantined = false;  // its key: what came of it later is in the dead letters too
};

class Rejected {
 public:
  explicit Rejected(Common& common)
      : outage_(common, common.spec.store_retry, {Timers::Kind::letters, 0}, "the dead letters") {}

  void bury(const Item& item, SinkStatus& at, std::string error, bool is_quarantined) {
    letters_.push_back({item, &at, std::move(error), is_quarantined});
  }
  bool has_next(Instant now) const {
    return !letters_.empty() && in_flight_ == 0 && outage_.retry_at() <= now;
  }
  action::WriteLetters next_write(const Parts& parts);
  // An error where the pipeline stops.
  Result<> written(const Result<>& result, Instant now, std::vector<Letter>& durable);

  const Outage& outage() const { return outage_; }

 private:
  Fifo<Letter> letters_;
  size_t in_flight_ = 0;  // of them, the first
  Outage outage_;
};

}  // namespace penstock::engine
