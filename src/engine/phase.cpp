#include "engine/phase.h"

#include <utility>

#include "base/check.h"

namespace penstock::engine {

namespace {

bool may_follow(Phase old, Phase next) {
  switch (next) {
    case Phase::opening:
      return false;
    case Phase::running:
      return old == Phase::opening;
    case Phase::finishing:
      return old == Phase::running;
    case Phase::draining:
      return old == Phase::running || old == Phase::finishing;
    case Phase::failing:
      return old < Phase::failing;
    case Phase::closing:
      return old == Phase::finishing || old == Phase::draining || old == Phase::failing;
    case Phase::ended:
      return old == Phase::failing || old == Phase::closing;
  }
  unreachable();
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
    case Phase::finishing:
    case Phase::draining:
    case Phase::failing:
    case Phase::closing:
      return State::draining;
    case Phase::ended:
      return outcome_;
  }
  unreachable();
}

}  // namespace penstock::engine
