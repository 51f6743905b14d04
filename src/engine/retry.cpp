#include "engine/retry.h"

#include <algorithm>

#include "base/check.h"
#include "base/probe.h"

namespace penstock::engine {

Reaction reaction_to(Error::Kind kind) {
  switch (kind) {
    case Error::Kind::transient:
    case Error::Kind::held:
    case Error::Kind::cancelled:
      return Reaction::retry;
    case Error::Kind::rejected:
      return Reaction::reject;
    case Error::Kind::fatal:
      return Reaction::fail;
    case Error::Kind::lost_position:
      return Reaction::lost;
  }
  unreachable();
}

Duration backoff(const RetryPolicy& policy, uint32_t attempt,
                 const std::optional<Duration>& retry_after, Random& random) {
  if (retry_after) {
    PROBE("retry_after");
    return std::clamp(*retry_after, Duration{1ms}, Duration{1h});
  }
  const uint32_t doublings = std::min<uint32_t>(attempt > 0 ? attempt - 1 : 0, 20);
  const Duration bound = std::min(policy.max, policy.initial * (int64_t{1} << doublings));
  return Duration{1 + static_cast<int64_t>(random.below(static_cast<uint64_t>(bound.count())))};
}

bool exhausted(const RetryPolicy& policy, uint32_t attempts, Instant first_failed, Instant now) {
  if (policy.attempts && attempts > static_cast<uint64_t>(*policy.attempts)) {
    return true;
  }
  return policy.give_up_after && now - first_failed >= *policy.give_up_after;
}

}  // namespace penstock::engine
