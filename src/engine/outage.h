// Outage: something that fails and is tried again: how often, since when, and what of it was said.
// Used under the runner's lock.
#pragma once

#include <optional>
#include <string>

#include "engine/common.h"

namespace penstock::engine {

class Outage {
 public:
  // `what` fails, and `timer` says when it is tried again.
  Outage(Common& common, const RetryPolicy& policy, Timers::Due timer, std::string what)
      : common_(common), policy_(policy), timer_(timer), what_(std::move(what)) {}

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

}  // namespace penstock::engine
