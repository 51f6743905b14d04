#include "engine/checkpointer.h"

#include <fmt/core.h>

#include <utility>

#include "base/check.h"
#include "base/probe.h"

namespace penstock::engine {

constexpr uint32_t kLastSaves = 5;  // tries at the end, before the last position is given up

Checkpointer::Checkpointer(const PipelineSpec& spec, Parts& parts, Timers& timers, Notices& notices)
    : spec_(spec),
      parts_(parts),
      timers_(timers),
      notices_(notices),
      random_(spec.seed ^ 0xc4ec4),
      has_store_(spec.has_checkpoint),
      saves_positions_(spec.has_checkpoint && spec.source.progress == Progress::saved) {}

void Checkpointer::start(Instant now) {
  save_at_ = now;  // the first progress at once: who dies again and again moves on all the same
  lease_due_ = has_store_;
  held_ = !has_store_;
}

bool Checkpointer::asks_for_lease() {
  return std::exchange(lease_due_, false);
}

Result<std::optional<bool>> Checkpointer::lease_taken(Result<LeaseAndCheckpoint> result,
                                                      Instant asked_at, Instant now) {
  if (!result) {
    const Error& error = result.error();
    if (error.kind == Error::Kind::held && error.retry_after) {
      PROBE("lease_held");
      // It was renewed while this run waited as long as it may live.
      if (held_by_other_since_ && spec_.until.caught_up) {
        notices_.push_back({Log::Level::info, error.what});
        return false;
      }
      notices_.push_back({held_by_other_since_ ? Log::Level::debug : Log::Level::info,
                          fmt::format("waits for the lease: {}", error.what)});
      held_by_other_since_ = held_by_other_since_.value_or(now);
      timers_.arm(Timers::Kind::lease, 0, now + *error.retry_after);
      return std::nullopt;
    }
    if (error.kind == Error::Kind::held) {
      return fatal(error.what);  // its holder lives
    }
    TRY(const Instant at, lease_outage_.failed(spec_.store_retry, error, now, random_, notices_));
    timers_.arm(Timers::Kind::lease, 0, at);
    return std::nullopt;
  }
  lease_outage_.recovered(now, notices_);
  lease_ = result->lease;
  lease_at_ = asked_at;
  held_ = true;
  if (result->checkpoint) {
    checkpoint_ = std::move(*result->checkpoint);
    if (!checkpoint_.fingerprint.empty() && checkpoint_.fingerprint != spec_.fingerprint) {
      return fatal(fmt::format(
          "checkpoint of pipeline {}: it belongs to another source ({}, this one is {}); "
          "reset it with `penstock checkpoint reset`, or give the pipeline another name",
          spec_.name, checkpoint_.fingerprint, spec_.fingerprint));
    }
  }
  for (const SinkSpec& sink : spec_.sinks) {
    if (lease_.life && *lease_.life <= sink.traits.write_deadline) {
      return fatal(fmt::format(
          "sink {}: a write may take {} s, and the checkpoint's lease lives {} s: no write could "
          "begin. Give the lease a longer life, or the sink a shorter timeout",
          sink.name, std::chrono::duration<double>(sink.traits.write_deadline).count(),
          std::chrono::duration<double>(*lease_.life).count()));
    }
  }
  if (lease_.life) {
    timers_.arm(Timers::Kind::lease, 0, lease_at_ + *lease_.life / 3);
  }
  return true;
}

bool Checkpointer::covers(Instant now, Duration deadline) const {
  return held_ && (!lease_.life || now + deadline < lease_at_ + *lease_.life);
}

void Checkpointer::lease_timer(Instant now) {
  if (!held_) {
    lease_due_ = true;
    return;
  }
  // A lease that nothing has renewed for a third of its life is renewed by a save.
  if (now >= lease_at_ + *lease_.life / 3) {
    PROBE("lease_renewed");
    is_dirty_ = true;
    save_at_ = std::min(save_at_, now);
  } else {
    timers_.arm(Timers::Kind::lease, 0, lease_at_ + *lease_.life / 3);
  }
}

Result<> Checkpointer::quarantine(Quarantined key) {
  PROBE("key_quarantined");
  if (has_store_) {
    unsaved_keys_.push_back(key);
    is_dirty_ = true;
  }
  checkpoint_.quarantined.push_back(std::move(key));
  if (checkpoint_.quarantined.size() > spec_.limits.quarantined_keys) {
    return fatal(
        fmt::format("{} keys in quarantine, more than limits.quarantined_keys; replay the dead "
                    "letters, then `penstock checkpoint reset --quarantine`",
                    checkpoint_.quarantined.size()));
  }
  return {};
}

Checkpointer::Tracked& Checkpointer::tracked(uint32_t part) {
  if (part >= tracked_.size()) {
    tracked_.resize(part + 1);
  }
  return tracked_[part];
}

void Checkpointer::moved(uint32_t part) {
  Tracked& one = tracked(part);
  const uint64_t settled = parts_.settled(part);
  unsaved_events_ += settled - one.settled;
  one.settled = settled;
  if (one.is_changed || spec_.source.progress == Progress::none) {
    return;
  }
  auto safe = parts_.safe(part);
  if (!safe || safe->position == one.noted) {
    return;  // an empty read that says again where it stands, or what the source cannot name
  }
  one.noted = std::move(safe->position);
  if (!saves_positions_) {
    return to_commit(part);
  }
  one.is_changed = true;
  changed_.push_back(part);
  is_dirty_ = true;
}

Changes Checkpointer::take_changes() {
  Changes changes;
  saving_.clear();
  while (!changed_.empty()) {
    const uint32_t part = changed_.pop_front();
    Tracked& one = tracked_[part];
    one.is_changed = false;
    if (auto safe = parts_.safe(part)) {
      CHECK(safe->events >= one.saved);  // I2
      one.is_saving = true;
      one.saving = safe->events;
      one.saving_at = safe->position;
      one.noted = safe->position;
      saving_.push_back(part);
      changes.positions.emplace_back(parts_.id(part), std::move(safe->position));
    }
  }
  saving_keys_ = std::exchange(unsaved_keys_, {});
  changes.quarantined = saving_keys_;
  return changes;
}

void Checkpointer::put_changes_back() {
  for (const uint32_t part : saving_) {
    Tracked& one = tracked_[part];
    one.is_saving = false;
    if (!std::exchange(one.is_changed, true)) {
      changed_.push_back(part);
    }
  }
  unsaved_keys_.insert(unsaved_keys_.begin(), saving_keys_.begin(), saving_keys_.end());
  saving_keys_.clear();
  is_dirty_ = true;
}

std::optional<action::Save> Checkpointer::next_save(Instant now, bool is_closing) {
  if (!has_store_ || !held_ || is_saving_ || !is_dirty_) {
    return std::nullopt;
  }
  const bool many = spec_.save_every_events && unsaved_events_ >= *spec_.save_every_events;
  const bool at_end = is_closing && outage_.failures() == 0;
  if (!many && !at_end && now < save_at_) {
    timers_.arm(Timers::Kind::save, 0, save_at_);
    return std::nullopt;
  }
  is_saving_ = true;
  is_dirty_ = false;
  unsaved_events_ = 0;
  return action::Save{take_changes()};
}

Result<> Checkpointer::saved(const Result<>& result, Instant asked_at, Instant now,
                             bool is_closing) {
  is_saving_ = false;
  if (!result) {
    PROBE("save_retried");
    put_changes_back();
    auto again = outage_.failed(spec_.store_retry, result.error(), now, random_, notices_);
    if (!again || (is_closing && outage_.failures() > kLastSaves)) {
      held_ = false;
      return fatal(fmt::format("the checkpoint could not be saved: {}", result.error().what));
    }
    save_at_ = *again;
    return {};
  }
  ++saves_;
  outage_.recovered(now, notices_);
  save_at_ = now + spec_.save_every;
  lease_at_ = asked_at;
  if (lease_.life) {
    timers_.arm(Timers::Kind::lease, 0, lease_at_ + *lease_.life / 3);
  }
  saving_keys_.clear();
  for (const uint32_t part : saving_) {
    Tracked& one = tracked_[part];
    CHECK(one.settled >= one.saving);  // I2
    CHECK(one.saving >= one.saved);    // I2
    one.is_saving = false;
    one.saved = one.saving;
    one.saved_at = std::move(one.saving_at);
    to_commit(part);
  }
  saving_.clear();
  return {};
}

void Checkpointer::to_commit(uint32_t part) {
  Tracked& one = tracked_[part];
  if (!std::exchange(one.is_commit_due, true)) {
    commit_due_.push_back(part);
  }
}

void Checkpointer::commit_timer(uint32_t part) {
  tracked_[part].commits_again = false;
  to_commit(part);
}

void Checkpointer::begin_closing() {
  outage_.forget_failures();
  for (uint32_t part = 0; part < tracked_.size(); ++part) {
    if (tracked_[part].commits_again && parts_.may_commit(part)) {
      commit_timer(part);
    }
  }
}

// I3: only a saved position is committed; where the source owns its position, one behind which all
// keys in quarantine are saved.
std::optional<action::Commit> Checkpointer::next_commit() {
  while (!commit_due_.empty() && (saves_positions_ || keys_are_saved())) {
    const uint32_t part = commit_due_.pop_front();
    Tracked& one = tracked_[part];
    one.is_commit_due = false;
    if (!parts_.may_commit(part)) {
      one.commits_again = true;
      continue;
    }
    std::optional<Ledger::Safe> safe;
    if (saves_positions_) {
      safe = Ledger::Safe{one.saved, *one.saved_at};
    } else {
      safe = parts_.safe(part);
    }
    if (safe) {
      CHECK(safe->events >= one.committed);  // I2
      one.committing = safe->events;
      one.noted = saves_positions_ ? std::move(one.noted) : safe->position;
      parts_.commit_begins(part);
      return action::Commit{part, std::move(safe->position)};
    }
  }
  return std::nullopt;
}

Result<> Checkpointer::committed(uint32_t part, const Result<>& result, Instant now,
                                 bool is_closing) {
  Tracked& one = tracked_[part];
  auto again = parts_.committed(part, result, now);
  if (result) {
    one.committed = one.committing;
  } else if (is_closing) {
    PROBE("last_commit_failed");  // the saved position stands; the source keeps what it kept
    return {};
  } else if (!again) {
    return std::unexpected(std::move(again).error());
  } else {
    one.commits_again = true;
    timers_.arm(Timers::Kind::commit, part, **again);
    return {};
  }
  if (std::exchange(one.commits_again, false)) {
    to_commit(part);
  }
  return {};
}

bool Checkpointer::is_committed(uint32_t part) const {
  if (part >= tracked_.size() || spec_.source.progress == Progress::none) {
    return true;
  }
  const Tracked& one = tracked_[part];
  return !one.is_changed && !one.is_saving && !one.is_commit_due && !one.commits_again &&
         one.committed == one.settled;
}

bool Checkpointer::gives_lease_back() {
  return has_store_ && std::exchange(held_, false);
}

void Checkpointer::fill(uint32_t part, PartStatus& status) const {
  if (part < tracked_.size()) {
    status.saved = saves_positions_ ? tracked_[part].saved : tracked_[part].settled;
    status.committed = tracked_[part].committed;
  }
}

}  // namespace penstock::engine
