#include "core/failures.h"

#include <fmt/core.h>

namespace penstock {

std::optional<std::string> flaw_of(const std::vector<Failure>& failures, size_t events) {
  std::vector<bool> named(failures.empty() ? 0 : events);
  for (const Failure& failure : failures) {
    const bool is_in_it = failure.index < named.size();
    if (!is_in_it || named[failure.index]) {
      return fmt::format(
          "its answer to a write of {} events names event {} {}: a fault of the connector", events,
          failure.index, is_in_it ? "twice" : "that is not in it");
    }
    named[failure.index] = true;
  }
  return std::nullopt;
}

}  // namespace penstock
