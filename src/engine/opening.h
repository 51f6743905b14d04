// Opening: a sink or the dead letter store on its way to be open: asked for once, and again until
// it succeeds. Owned by the pipeline; used under the runner's lock.
#pragma once

#include <string>
#include <utility>

#include "base/probe.h"
#include "engine/outage.h"

namespace penstock::engine {

class Opening {
 public:
  Opening(Common& common, const RetryPolicy& policy, uint32_t target, std::string what)
      : outage_(common, policy, {Timers::Kind::open, target}, std::move(what)) {}

  bool asks() { return std::exchange(is_due_, false); }
  Result<> answered(const Result<>& result, Instant now) {
    if (result) {
      is_open_ = true;
      outage_.recovered(now);
      return {};
    }
    PROBE("target_opened_later");
    return outage_.failed(result.error(), now);
  }
  void timer() { is_due_ = !is_open_; }
  bool is_open() const { return is_open_; }
  const Outage& outage() const { return outage_; }

 private:
  bool is_due_ = true;
  bool is_open_ = false;
  Outage outage_;
};

}  // namespace penstock::engine
