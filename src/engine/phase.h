// Phases: the life of a run, and what it will be said to have ended with. enter() is the one
// function that changes the phase. Used under the runner's lock.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/check.h"
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
  bool delivers() const { return phase_ == Phase::running || flushes(); }
  bool flushes() const { return phase_ == Phase::finishing || phase_ == Phase::draining; }

  void enter(Phase next) {
    CHECK(kMayFollow[static_cast<size_t>(phase_)][static_cast<size_t>(next)]);
    phase_ = next;
  }
  // The first failure is the one that is told.
  bool fail(std::string reason) {
    if (outcome_ == State::failed || phase_ == Phase::ended) {
      return false;
    }
    outcome_ = State::failed;
    reason_ = std::move(reason);
    return true;
  }
  void end_as(State outcome, std::string reason = "") {
    if (outcome_ != State::failed) {
      outcome_ = outcome;
      reason_ = std::move(reason);
    }
  }

  State state() const {
    if (phase_ == Phase::opening || phase_ == Phase::running) {
      return phase_ == Phase::opening ? State::starting : State::running;
    }
    return has_ended() ? outcome_ : State::draining;
  }
  const std::string& reason() const { return reason_; }

 private:
  static constexpr bool kMayFollow[7][7] = {
      // opening running finishing draining failing closing ended
      {false, true, false, false, true, false, false},    // opening
      {false, false, true, true, true, false, false},     // running
      {false, false, false, true, true, true, false},     // finishing
      {false, false, false, false, true, true, false},    // draining
      {false, false, false, false, false, true, true},    // failing
      {false, false, false, false, false, false, true},   // closing
      {false, false, false, false, false, false, false},  // ended
  };

  Phase phase_ = Phase::opening;
  State outcome_ = State::finished;  // what `ended` will mean
  std::string reason_;
};

}  // namespace penstock::engine
