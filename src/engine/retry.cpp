#include "engine/retry.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "base/probe.h"

namespace penstock::engine {

constexpr Duration kWarnAfter = 5s;
constexpr Duration kAlertAfter = 60s;

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

Result<> Outage::failed(const Error& error, Instant now) {
  retry_at_ = now + policy_.initial;
  if (error.kind != Error::Kind::cancelled) {  // else it was told to end: no fault of its own
    ++failures_;
    error_ = error.what;
    const Instant since = since_.value_or(now);
    if (reaction_to(error.kind) != Reaction::retry || exhausted(policy_, failures_, since, now)) {
      return fatal(fmt::format("{}: {}", what_, error.what));
    }
    failing(since, now);
    retry_at_ = now + backoff(policy_, failures_, error.retry_after, common_.random);
  }
  common_.timers.arm(timer_.kind, timer_.index, retry_at_);
  return {};
}

void Outage::failing(std::optional<Instant> since, Instant now) {
  since_ = since;
  failures_ = since ? failures_ : 0;
  const Duration lasted = since ? now - *since : Duration{0};
  if (said_ < kAlertAfter && lasted >= (said_ < kWarnAfter ? kWarnAfter : kAlertAfter)) {
    PROBE("outage_alert");
    const bool is_long = lasted >= kAlertAfter;
    said_ = is_long ? kAlertAfter : kWarnAfter;
    common_.notices.push_back(
        {is_long ? Log::Level::error : Log::Level::warn,
         fmt::format("{} has been failing for {} and is retried without end: {}", what_,
                     is_long ? "a minute" : "5 seconds", error_)});
  } else if (said_ > 0s && !since) {
    said_ = 0s;
    common_.notices.push_back({Log::Level::info, fmt::format("{} works again", what_)});
  }
}

std::string Outage::text(Instant now) const {
  return fmt::format("waits for {} since {:.0f} s: {}", what_,
                     std::chrono::duration<double>(now - since_.value_or(now)).count(), error_);
}

}  // namespace penstock::engine
