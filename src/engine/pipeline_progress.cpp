// Positions, checkpoints, commits, timers and the end.
// Progress only moves sink durable -> checkpoint saved -> source committed; a failure never moves
// it.

#include <algorithm>

#include "base/check.h"
#include "base/mutation.h"
#include "engine/pipeline.h"

namespace penstock::engine {

constexpr uint32_t kLastSaves = 5;  // tries at the end, before the last position is given up

void Pipeline::advance(uint32_t part, Instant now) {
  PartState& state = *parts_[part];
  const uint64_t before = state.ledger.settled();
  std::optional<Position> position = state.ledger.take_safe_position();
  if (!position) {
    return;
  }
  CHECK(state.ledger.read() >= state.ledger.settled());  // I2
  if (position == state.safe && state.ledger.settled() == state.safe_count) {
    return;  // an empty read that says again where it stands
  }
  state.safe = std::move(position);
  state.safe_count = state.ledger.settled();
  unsaved_events_ += state.safe_count - before;
  if (!spec_.has_checkpoint || spec_.source.progress == Progress::source_owned ||
      mutated("commit_before_save")) {
    state.saved = state.safe;
    state.saved_count = state.safe_count;
    state.commit_due = spec_.source.progress != Progress::none;
  }
  if (spec_.has_checkpoint) {
    dirty_ = true;
    consider_save(now);
  }
  if (state.commit_due && !state.busy) {
    consider_commit(part);
  }
}

void Pipeline::consider_save(Instant now) {
  if (!spec_.has_checkpoint || !lease_held_ || saving_ || !dirty_ || phase_ == Phase::ended) {
    return;
  }
  const bool many = spec_.save_every_events && unsaved_events_ >= *spec_.save_every_events;
  const bool at_end = phase_ == Phase::closing && save_outage_.failures == 0;
  if (!many && !at_end && now < save_at_) {
    return arm(save_at_, [this](Instant at) { consider_save(at); });
  }
  saving_ = true;
  dirty_ = false;
  unsaved_events_ = 0;
  Changes changes;
  changes.quarantined = checkpoint_.quarantined;
  for (const auto& part : parts_) {
    if (part->safe) {
      checkpoint_.positions[part->part.id] = *part->safe;
      changes.positions.emplace_back(part->part.id, *part->safe);
      part->saving = part->safe;
      part->saving_count = part->safe_count;
    }
  }
  emit(action::Save{std::move(changes)});
}

void Pipeline::saved(Result<> result, Instant asked_at, Instant now) {
  --under_way_;
  saving_ = false;
  if (phase_ == Phase::ended) {
    return;
  }
  if (!result) {
    dirty_ = true;
    PROBE("save_retried");
    if (reaction_to(result.error().kind) != Reaction::retry ||
        (phase_ == Phase::closing && save_outage_.failures == kLastSaves)) {
      lease_held_ = false;
      return fail(now, "the checkpoint could not be saved: {}", result.error().what);
    }
    save_at_ = *failed(save_outage_, spec_.store_retry, result.error(), now);
    return arm(save_at_, [this](Instant at) { consider_save(at); });
  }
  ++saves_;
  recovered(save_outage_, now);
  save_at_ = now + spec_.save_every;
  const bool covered = lease_covers_write(now, Duration{0});
  lease_at_ = asked_at;
  arm_lease();
  for (uint32_t i = 0; i < parts_.size(); ++i) {
    PartState& part = *parts_[i];
    if (part.saving && part.saving != part.saved) {
      CHECK(part.safe_count >= part.saving_count);   // I2
      CHECK(part.saving_count >= part.saved_count);  // I2
      part.saved = part.saving;
      part.saved_count = part.saving_count;
      part.commit_due = spec_.source.progress != Progress::source_owned;
      consider_commit(i);
    }
  }
  consider_save(now);
  if (lease_.life || !covered) {
    consider_all_lanes(now);
    consider_letters(now);
  }
  consider_end(now);
}

bool Pipeline::lease_covers_write(Instant now, Duration deadline) const {
  if (!lease_.life || mutated("write_after_lease")) {
    return true;
  }
  return now + deadline < lease_at_ + *lease_.life;
}

// I3: only a saved position is committed. A commit and a read of one part never overlap.
bool Pipeline::consider_commit(uint32_t part) {
  PartState& state = *parts_[part];
  if (!state.commit_due || state.busy || !state.open || phase_ == Phase::ended) {
    return false;
  }
  CHECK(state.saved_count >= state.committed_count);  // I2
  state.commit_due = false;
  state.busy = true;
  state.committing_count = state.saved_count;
  emit(action::Commit{part, *state.saved});
  return true;
}

void Pipeline::committed(uint32_t part, Result<> result, Instant now) {
  --under_way_;
  PartState& state = *parts_[part];
  state.busy = false;
  if (phase_ == Phase::ended) {
    return;
  }
  if (result) {
    state.committed_count = state.committing_count;
  } else if (phase_ == Phase::closing) {
    PROBE("last_commit_failed");  // the saved position stands; the source keeps what it kept
  } else {
    state.commit_due = true;
    part_failed(part, result.error(), now);
    return consider_end(now);
  }
  consider_read(part, now);
  consider_end(now);
}

void Pipeline::tick(Instant now) {
  while (!timers_.empty() && timers_.top().at <= now && phase_ != Phase::ended) {
    const auto due = timers_.top().due;
    timers_.pop();
    due(now);
  }
}

// A lease that nothing has renewed for a third of its life is renewed by a save.
void Pipeline::arm_lease() {
  if (!lease_.life) {
    return;
  }
  arm(lease_at_ + *lease_.life / 3, [this](Instant now) {
    if (now >= lease_at_ + *lease_.life / 3) {
      PROBE("lease_renewed");
      dirty_ = true;
      save_at_ = now;
      consider_save(now);
    }
  });
}

void Pipeline::part_timer(uint32_t part, Instant now) {
  PartState& state = *parts_[part];
  if (!state.open && !state.busy && phase_ == Phase::running) {
    return open_reader(part, state.opened_at);
  }
  consider_read(part, now);
}

bool Pipeline::wanted_is_read() const {
  if (discovering_) {
    return false;
  }
  if (spec_.until.events && events_read_ >= *spec_.until.events) {
    return true;
  }
  const auto is_ended = [](const auto& part) { return part->ended; };
  if (spec_.until.end && !spec_.source.changing_parts &&
      std::all_of(parts_.begin(), parts_.end(), is_ended)) {
    return true;
  }
  const auto is_caught_up = [](const auto& part) { return part->ended || part->caught_up; };
  return spec_.until.caught_up && std::all_of(parts_.begin(), parts_.end(), is_caught_up);
}

void Pipeline::consider_end(Instant now) {
  switch (phase_) {
    case Phase::opening:
    case Phase::ended:
      return;
    case Phase::running:
      if (wanted_is_read()) {
        begin_finishing(Phase::finishing, now);
      }
      return;
    case Phase::finishing:
    case Phase::draining: {
      const auto delivered = [](const auto& part) { return part->events() == 0; };
      if (std::all_of(parts_.begin(), parts_.end(), delivered)) {
        close(now);
      }
      return;
    }
    case Phase::failing:
      if (under_way_ == 0) {
        close(now);
      }
      return;
    case Phase::closing:
      return continue_closing(now);
  }
}

void Pipeline::begin_finishing(Phase phase, Instant now) {
  phase_ = phase;
  consider_all_lanes(now);  // nothing waits for a fuller batch any more
  consider_end(now);
}

void Pipeline::drain(State outcome, Instant now) {
  if (phase_ == Phase::opening) {
    outcome_ = State::stopped;
    reason_ = outcome == State::finished ? "until.deadline came before all was open" : "";
    phase_ = Phase::failing;  // nothing was read: only the answers of the openings are awaited
    return consider_end(now);
  }
  if (phase_ == Phase::running || phase_ == Phase::finishing) {
    outcome_ = outcome;
    arm(now + spec_.drain_max, [this](Instant at) { give_up(at); });  // I6
    begin_finishing(Phase::draining, now);
  }
}

// The grace period of a drain is over.
void Pipeline::give_up(Instant now) {
  if (phase_ == Phase::draining || phase_ == Phase::closing) {
    PROBE("drain_gives_up");
    giving_up_ = true;
    if (phase_ == Phase::draining) {
      outcome_ = State::stopped;
      reason_ = fmt::format(
          "{} events were not delivered before the drain's deadline; they come "
          "again with the next run",
          in_flight_events());
      phase_ = Phase::failing;
      consider_end(now);
    }
  }
}

void Pipeline::abort() {
  if (phase_ != Phase::ended) {
    outcome_ = outcome_ == State::failed ? State::failed : State::stopped;
    reason_ =
        reason_.empty() ? "aborted; what was not settled comes again with the next run" : reason_;
    phase_ = Phase::ended;
  }
}

// When to try again what failed; nothing: the pipeline has failed with it.
std::optional<Instant> Pipeline::failed(Outage& outage, const RetryPolicy& policy,
                                        const Error& error, Instant now) {
  ++outage.failures;
  outage.since = outage.since.value_or(now);
  outage.error = error.what;
  if (reaction_to(error.kind) != Reaction::retry ||
      exhausted(policy, outage.failures, *outage.since, now)) {
    fail(now, "{}: {}", outage.what, error.what);
    return std::nullopt;
  }
  consider_alert(outage, now);
  return now + backoff(policy, outage.failures, error.retry_after, random_);
}

void Pipeline::recovered(Outage& outage, Instant now) {
  if (outage.since) {
    outage.failures = 0;
    outage.since.reset();
    consider_alert(outage, now);
  }
}

void Pipeline::consider_alert(Outage& outage, Instant now) {
  const Duration lasted = outage.since ? now - *outage.since : Duration{0};
  if (outage.said < 60s && lasted >= (outage.said < 5s ? 5s : 60s)) {
    PROBE("outage_alert");
    outage.said = lasted >= 60s ? 60s : 5s;
    notify(lasted >= 60s ? Log::Level::error : Log::Level::warn,
           "{} has been failing for {} and is retried without end; data waits: {}", outage.what,
           lasted >= 60s ? "a minute" : "5 seconds", outage.error);
  } else if (outage.said > 0s && !outage.since) {
    outage.said = 0s;
    notify(Log::Level::info, "{} works again", outage.what);
  }
}

void Pipeline::fail_pipeline(std::string reason, Instant now) {
  if (phase_ == Phase::ended) {
    return;
  }
  if (outcome_ != State::failed) {
    outcome_ = State::failed;
    reason_ = std::move(reason);
    notices_.push_back({Log::Level::error, reason_});
  }
  if (phase_ != Phase::closing) {
    phase_ = Phase::failing;
  }
  consider_end(now);
}

void Pipeline::close(Instant now) {
  phase_ = Phase::closing;
  save_outage_.failures = 0;
  continue_closing(now);
}

void Pipeline::continue_closing(Instant now) {
  consider_save(now);
  if (saving_ || (dirty_ && spec_.has_checkpoint && lease_held_)) {
    return;
  }
  for (uint32_t i = 0; i < parts_.size(); ++i) {
    consider_commit(i);
  }
  if (under_way_ == 0) {
    phase_ = Phase::ended;
  }
}

}  // namespace penstock::engine
