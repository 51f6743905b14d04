// The one table of what the engine does with an error, and how long a retry waits. Pure functions;
// any thread.
#pragma once

#include "base/random.h"
#include "base/result.h"
#include "engine/spec.h"

namespace penstock::engine {

enum class Reaction {
  retry,   // park the keys and send again
  reject,  // bisect a batch; by on_reject for a single event
  fail,    // stop the pipeline, the position stays
  lost,    // by on_lost_position
};

// Of an error that a sink, a store or a source reported. `cancelled` is retried: its outcome is
// unknown, and a pipeline that is ending never gets to the retry.
Reaction reaction_to(Error::Kind kind);

// Full jitter: uniform in (0, min(max, initial * 2^(attempt-1))], or what the other side asked for.
Duration backoff(const RetryPolicy& policy, uint32_t attempt,
                 const std::optional<Duration>& retry_after, Random& random);

// Whether the policy's patience is used up after this many failed attempts since `first_failed`.
bool exhausted(const RetryPolicy& policy, uint32_t attempts, Instant first_failed, Instant now);

}  // namespace penstock::engine
