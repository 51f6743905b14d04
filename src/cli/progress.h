// Progress: status snapshots as one line for people: rate, lag, in flight, retries. Main thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/status.h"

namespace penstock::cli {

class Progress {
 public:
  // The rate is that of the time since the call before, smoothed. Of several pipelines only what
  // is not zero, beside rate and lag.
  std::string line(std::span<const engine::Status> pipelines, Instant now);

 private:
  struct Rate {
    uint64_t settled = 0;
    double per_second = 0;
  };
  std::vector<Rate> rates_;
  Instant last_{};
};

uint64_t settled_of(const engine::Status& pipeline);
// What became of the events, each fate that occurred by itself: "10 delivered, 2 dead letters", and
// of several sinks each: "lake: 10 delivered; store: 9 delivered, 1 dropped; 3 filtered out".
std::string outcome_of(const engine::Status& pipeline);
// 950, 1.2k, 3.4M
std::string short_number(double number);

}  // namespace penstock::cli
