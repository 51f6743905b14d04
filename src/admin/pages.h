// The admin server's pages, made from status snapshots. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/status.h"

namespace penstock::admin {

// Prometheus' text format. Parts beyond kPartsMax of a pipeline are summed as part="other", so that
// labels are bounded.
inline constexpr size_t kPartsMax = 256;
std::string metrics_page(std::span<const engine::Status> pipelines);

// {"version": …, "pipelines": […]} for people and scripts.
std::string status_page(std::span<const engine::Status> pipelines);

struct Ready {
  bool ready = false;
  std::string text;  // a line for each pipeline that is not ready, with the reason
};
// Ready: every pipeline reads, drains, or came to its end. Starting, stopped and failed ones do
// not.
Ready readiness(std::span<const engine::Status> pipelines);

}  // namespace penstock::admin
