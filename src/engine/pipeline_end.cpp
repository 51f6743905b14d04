// Saves, commits, and how a run ends.
#include <fmt/core.h>

#include "base/probe.h"
#include "engine/pipeline.h"

namespace penstock::engine {

static bool source_forgets(const PipelineSpec& spec) {
  return spec.source.progress == Progress::none;
}

void Pipeline::released(const Result<>& result, Instant now) {
  if (!result) {  // its life ends by itself
    common_.notices.push_back(
        {Log::Level::warn, "the checkpoint's lease was not given back: " + result.error().what});
  }
  answered({}, now);
}

void Pipeline::commit() {
  while (auto next = checkpointer_.next_commit()) {
    emit(std::move(*next));
  }
  // A part that was read to its end holds nothing any more.
  while (const auto part = parts_.pop_settled_end()) {
    if (phases_.now() < Phase::closing && parts_.may_close(*part) &&
        checkpointer_.is_committed(*part)) {
      PROBE("part_closed");
      parts_.close(*part);
      emit(action::CloseReader{*part});
    }
  }
}

void Pipeline::enter(Phase phase) {
  phases_.enter(phase);
  goes_on_ = true;
}

void Pipeline::end(Instant now) {
  if (phases_.is(Phase::running) && parts_.wanted_is_read()) {
    enter(Phase::finishing);
  } else if ((phases_.flushes() && parts_.all_delivered()) ||
             (phases_.is(Phase::failing) && under_way_ == 0)) {
    enter(Phase::closing);
    checkpointer_.begin_closing();
    common_.timers.arm(Timers::Kind::closing, 0, now + spec_.closing_max);
  } else if (phases_.is(Phase::closing) && under_way_ == 0 &&
             (!checkpointer_.has_lease() || checkpointer_.is_saved())) {
    if (checkpointer_.gives_lease_back()) {
      emit(action::Release{});
    } else {
      enter(Phase::ended);
    }
  }
}

// No more time, for answers or for the last save: what was not saved comes again.
void Pipeline::end_now() {
  if (phases_.now() < Phase::failing || ended()) {
    return;
  }
  PROBE("closing_ends_by_its_deadline");
  if (!is_giving_up_ && checkpointer_.has_lease() && !checkpointer_.is_saved()) {
    phases_.fail(
        "the last position could not be saved in time; what was delivered since the one before "
        "comes again");
  }
  enter(Phase::ended);
}

void Pipeline::stop(Instant now) {
  drain(State::stopped, now);
  advance(now);
}

void Pipeline::drain(State outcome, Instant now) {
  if (phases_.is(Phase::opening)) {
    phases_.end_as(State::stopped,
                   outcome == State::finished ? "until.deadline came before all was open" : "");
    enter(Phase::failing);  // nothing was read: only the answers of the openings are awaited
  } else if (phases_.is(Phase::running) || phases_.is(Phase::finishing)) {
    phases_.end_as(outcome);
    enter(Phase::draining);
  } else {
    return;
  }
  common_.timers.arm(Timers::Kind::drain, 0, now + spec_.drain_max);  // I6
}

// The grace period is over: nobody waits any longer for writes.
void Pipeline::give_up(Instant now) {
  if (phases_.is(Phase::draining)) {
    PROBE("drain_gives_up");
    phases_.end_as(State::stopped,
                   fmt::format("{} events were not delivered before the drain's deadline; they {}",
                               in_flight_events(),
                               source_forgets(spec_) ? "are lost: this source gives nothing again"
                                                     : "come again with the next run"));
    enter(Phase::failing);
  }
  if (phases_.is(Phase::failing)) {
    is_giving_up_ = true;
    common_.timers.arm(Timers::Kind::closing, 0, now + spec_.closing_max);
  }
}

void Pipeline::abort(Instant now) {
  constexpr Duration kAbortMax = 1s;
  if (ended()) {
    return;
  }
  is_giving_up_ = true;
  phases_.end_as(State::stopped, source_forgets(spec_)
                                     ? "aborted; what was not settled is lost: this source gives "
                                       "nothing again"
                                     : "aborted; what was not settled comes again with the next "
                                       "run");
  if (phases_.now() < Phase::failing) {
    enter(Phase::failing);
  }
  common_.timers.arm(Timers::Kind::closing, 0, now + kAbortMax);
  advance(now);
}

void Pipeline::fail(std::string reason, Instant now) {
  if (phases_.fail(reason)) {
    common_.notices.push_back({Log::Level::error, std::move(reason)});
  }
  if (phases_.now() < Phase::failing) {
    enter(Phase::failing);
    common_.timers.arm(Timers::Kind::drain, 0, now + spec_.drain_max);  // I6
  }
}

void Pipeline::check(const Result<>& result, Instant now) {
  if (!result) {
    fail(result.error().what, now);
  }
}

}  // namespace penstock::engine
