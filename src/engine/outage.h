// Outage: something that fails and is tried again: how often, since when, and what of it was said.
// Used under the runner's lock.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "engine/spec.h"

namespace penstock::engine {

struct Notice {  // for the log, written by the runner once its lock is free
  Log::Level level;
  std::string what;
};
using Notices = std::vector<Notice>;

class Outage {
 public:
  explicit Outage(std::string what) : what_(std::move(what)) {}

  // Another failure: when to try again, or, where patience is used up or the kind of error forbids
  // it, an error for which the pipeline stops.
  Result<Instant> failed(const RetryPolicy& policy, const Error& error, Instant now, Random& random,
                         Notices& notices);
  // It has been failing since then, with this error; nothing: it works.
  void failing(std::optional<Instant> since, Instant now, Notices& notices);
  void set_error(const std::string& error) { error_ = error; }
  void recovered(Instant now, Notices& notices) { failing(std::nullopt, now, notices); }
  void forget_failures() { failures_ = 0; }

  uint32_t failures() const { return failures_; }
  std::optional<Instant> since() const { return since_; }
  const std::string& error() const { return error_; }
  // "waits for sink out since 7 s: no answer"
  std::string text(Instant now) const;

 private:
  std::string what_;  // fails: "sink out"
  std::string error_;
  uint32_t failures_ = 0;
  std::optional<Instant> since_;
  Duration said_{0};  // that it has been failing so long
};

}  // namespace penstock::engine
