#include "engine/outage.h"

#include <fmt/core.h>

#include "base/probe.h"
#include "engine/retry.h"

namespace penstock::engine {

namespace {

constexpr Duration kWarnAfter = 5s;
constexpr Duration kAlertAfter = 60s;

}  // namespace

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
         fmt::format("{} has been failing for {} and is retried without end; data waits: {}", what_,
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
