// The admin server's pages, made from snapshots of the pipelines' status and of what their
// components count for themselves. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "engine/status.h"

namespace penstock::admin {

struct Seen {
  std::vector<engine::Status> pipelines;
  std::vector<Metrics::Family> components = {};
};

// Prometheus' text format. Parts beyond kPartsMax of a pipeline are summed as part="other", so that
// labels are bounded.
inline constexpr size_t kPartsMax = 256;
std::string metrics_page(const Seen& seen);

// {"version": …, "pipelines": […]} for people and scripts.
std::string status_page(const Seen& seen);

struct Ready {
  bool ready = false;
  std::string text;  // a line for each pipeline that is not ready, with the reason
};
// Ready: every pipeline reads, drains, or came to its end. Starting, stopped and failed ones do
// not.
Ready readiness(std::span<const engine::Status> pipelines);

}  // namespace penstock::admin
