// Phases: the life of a run, and what it will be said to have ended with. enter() is the one
// function that changes the phase. Used under the runner's lock.
#pragma once

#include <cstdint>
#include <string>

#include "engine/status.h"

namespace penstock::engine {

enum class Phase : uint8_t {
  opening,    // lease, sinks, dead letters, the first look for parts
  running,    // reading
  finishing,  // everything wanted was read: deliver it
  draining,   // as finishing, after stop(), with a deadline
  failing,    // waiting for the answers of what is under way
  closing,    // last save, last commits, the lease is given back
  ended,
};

class Phases {
 public:
  Phase now() const { return phase_; }
  bool is(Phase phase) const { return phase_ == phase; }
  bool has_ended() const { return phase_ == Phase::ended; }
  bool delivers() const {
    return phase_ == Phase::running || phase_ == Phase::finishing || phase_ == Phase::draining;
  }
  bool flushes() const { return phase_ == Phase::finishing || phase_ == Phase::draining; }

  void enter(Phase next);
  // The first failure is the one that is told.
  bool fail(std::string reason);
  void end_as(State outcome, std::string reason = "");

  State state() const;
  const std::string& reason() const { return reason_; }

 private:
  Phase phase_ = Phase::opening;
  State outcome_ = State::finished;  // what `ended` will mean
  std::string reason_;
};

}  // namespace penstock::engine
