#include "engine/phase.h"

#include <utility>

#include "base/check.h"

namespace penstock::engine {

namespace {

constexpr bool kMayFollow[7][7] = {
    // opening running finishing draining failing closing ended
    {false, true, false, false, true, false, false},    // opening
    {false, false, true, true, true, false, false},     // running
    {false, false, false, true, true, true, false},     // finishing
    {false, false, false, false, true, true, false},    // draining
    {false, false, false, false, false, true, true},    // failing
    {false, false, false, false, false, false, true},   // closing
    {false, false, false, false, false, false, false},  // ended
};

bool may_follow(Phase old, Phase next) {
  return kMayFollow[static_cast<size_t>(old)][static_cast<size_t>(next)];
}

}  // namespace

void Phases::enter(Phase next) {
  CHECK(may_follow(phase_, next));
  phase_ = next;
}

bool Phases::fail(std::string reason) {
  if (outcome_ == State::failed || phase_ == Phase::ended) {
    return false;
  }
  outcome_ = State::failed;
  reason_ = std::move(reason);
  return true;
}

void Phases::end_as(State outcome, std::string reason) {
  if (outcome_ != State::failed) {
    outcome_ = outcome;
    reason_ = std::move(reason);
  }
}

State Phases::state() const {
  switch (phase_) {
    case Phase::opening:
      return State::starting;
    case Phase::running:
      return State::running;
    case Phase::ended:
      return outcome_;
    default:
      return State::draining;
  }
}

}  // namespace penstock::engine
