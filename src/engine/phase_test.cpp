#include "engine/phase.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"

namespace penstock::engine {
namespace {

Phases in(std::initializer_list<Phase> path) {
  Phases phases;
  for (const Phase phase : path) {
    phases.enter(phase);
  }
  return phases;
}

// How each phase is reached.
Phases at(Phase phase) {
  switch (phase) {
    case Phase::opening:
      return {};
    case Phase::running:
      return in({Phase::running});
    case Phase::finishing:
      return in({Phase::running, Phase::finishing});
    case Phase::draining:
      return in({Phase::running, Phase::draining});
    case Phase::failing:
      return in({Phase::failing});
    case Phase::closing:
      return in({Phase::failing, Phase::closing});
    case Phase::ended:
      return in({Phase::failing, Phase::closing, Phase::ended});
  }
  unreachable();
}

constexpr Phase kAll[] = {Phase::opening, Phase::running, Phase::finishing, Phase::draining,
                          Phase::failing, Phase::closing, Phase::ended};

TEST(PhasesDeathTest, what_must_not_follow_one_another_dies) {
  const std::pair<Phase, Phase> legal[] = {
      {Phase::opening, Phase::running},   {Phase::opening, Phase::failing},
      {Phase::running, Phase::finishing}, {Phase::running, Phase::draining},
      {Phase::running, Phase::failing},   {Phase::finishing, Phase::draining},
      {Phase::finishing, Phase::failing}, {Phase::finishing, Phase::closing},
      {Phase::draining, Phase::failing},  {Phase::draining, Phase::closing},
      {Phase::failing, Phase::closing},   {Phase::failing, Phase::ended},
      {Phase::closing, Phase::ended},
  };
  for (const Phase from : kAll) {
    for (const Phase to : kAll) {
      const bool is_legal = std::ranges::find(legal, std::pair(from, to)) != std::end(legal);
      SCOPED_TRACE(std::to_string(static_cast<int>(from)) + " to " +
                   std::to_string(static_cast<int>(to)));
      Phases phases = at(from);
      if (is_legal) {
        phases.enter(to);
        EXPECT_TRUE(phases.is(to));
      } else {
        EXPECT_DEATH(phases.enter(to), "kMayFollow");
      }
    }
  }
}

TEST(Phases, the_first_failure_is_the_one_that_is_told) {
  Phases phases = at(Phase::running);
  EXPECT_TRUE(phases.fail("the table is gone"));
  EXPECT_FALSE(phases.fail("no answer"));
  phases.end_as(State::stopped, "asked to");
  phases.enter(Phase::failing);
  phases.enter(Phase::closing);
  phases.enter(Phase::ended);
  EXPECT_EQ(phases.state(), State::failed);
  EXPECT_EQ(phases.reason(), "the table is gone");
}

TEST(Phases, a_run_that_nothing_happened_to_ends_as_finished) {
  Phases phases = in({Phase::running, Phase::finishing, Phase::closing});
  EXPECT_EQ(phases.state(), State::draining);
  phases.enter(Phase::ended);
  EXPECT_EQ(phases.state(), State::finished);
  EXPECT_FALSE(phases.fail("too late"));
  EXPECT_EQ(phases.state(), State::finished);
}

TEST(Phases, it_delivers_from_running_until_it_fails_or_closes) {
  for (const Phase phase : kAll) {
    const bool delivers =
        phase == Phase::running || phase == Phase::finishing || phase == Phase::draining;
    EXPECT_EQ(at(phase).delivers(), delivers);
    EXPECT_EQ(at(phase).flushes(), delivers && phase != Phase::running);
  }
}

}  // namespace
}  // namespace penstock::engine
