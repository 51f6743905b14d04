// The one table of what the engine does with an error, and how long a retry waits: pure functions.
// Outage: something that fails and is tried again: how often, since when, and what of it was said.
// Opening: a sink or the dead letters, asked for once, and again until it is open. Used under the
// runner's lock.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/probe.h"
#include "engine/common.h"

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

class Outage {
 public:
  // `what` fails, and `timer` says when it is tried again.
  Outage(Common& common, const RetryPolicy& policy, Timers::Due timer, std::string what)
      : common_(common), policy_(policy), timer_(timer), what_(std::move(what)) {}
  Outage(const Outage&) = delete;  // nor is what has one
  Outage& operator=(const Outage&) = delete;

  // Another failure: it is tried again at retry_at(). Where patience is used up or the kind of
  // error forbids it, an error for which the pipeline stops.
  Result<> failed(const Error& error, Instant now);
  // It has been failing since then, with this error; nothing: it works.
  void failing(std::optional<Instant> since, Instant now);
  void set_error(const std::string& error) { error_ = error; }
  void recovered(Instant now) { failing(std::nullopt, now); }
  void forget_failures() { failures_ = 0; }

  uint32_t failures() const { return failures_; }
  Instant retry_at() const { return retry_at_; }
  std::optional<Instant> since() const { return since_; }
  const std::string& what() const { return what_; }
  const std::string& error() const { return error_; }
  // "waits for sink out since 7 s: no answer"
  std::string text(Instant now) const;

 private:
  Common& common_;
  const RetryPolicy& policy_;
  const Timers::Due timer_;
  std::string what_;  // fails: "sink out"
  std::string error_;
  uint32_t failures_ = 0;
  std::optional<Instant> since_;
  Instant retry_at_;
  Duration said_{0};  // that it has been failing so long
};

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
