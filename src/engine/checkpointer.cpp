#include "engine/checkpointer.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/probe.h"

namespace penstock::engine {

constexpr uint32_t kLastSaves = 5;  // tries at the end, before the last position is given up

Checkpointer::Checkpointer(Common& common, Parts& parts)
    : common_(common),
      spec_(common.spec),
      parts_(parts),
      has_store_(spec_.has_checkpoint),
      saves_positions_(spec_.has_checkpoint && spec_.source.progress == Progress::saved),
      lease_outage_(common, spec_.store_retry, {Timers::Kind::lease, 0}, "the checkpoint's lease"),
      outage_(common, spec_.store_retry, {Timers::Kind::save, 0}, "the checkpoint") {}

Result<> Checkpointer::lease_taken(Result<LeaseAndCheckpoint> result, Instant asked_at,
                                   Instant now) {
  if (!result) {
    const Error& error = result.error();
    if (error.kind == Error::Kind::held && error.retry_after) {
      PROBE("lease_held");
      // It was renewed while this run waited as long as it may live.
      const bool has_waited = std::exchange(waits_for_other_, true);
      if (has_waited && spec_.until.caught_up) {
        common_.notices.push_back({Log::Level::info, error.what});
        leaves_lease_ = true;
        return {};
      }
      common_.notices.push_back({has_waited ? Log::Level::debug : Log::Level::info,
                                 fmt::format("waits for the lease: {}", error.what)});
      common_.timers.arm(Timers::Kind::lease, 0, now + *error.retry_after);
      return {};
    }
    if (error.kind == Error::Kind::held) {
      return fatal(error.what);  // its holder lives
    }
    return lease_outage_.failed(error, now);
  }
  lease_outage_.recovered(now);
  lease_ = result->lease;
  lease_at_ = asked_at;
  held_ = true;
  if (result->checkpoint) {
    checkpoint_ = std::move(*result->checkpoint);
    saved_keys_ = checkpoint_.quarantined.size();
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
  arm_renewal();
  return {};
}

void Checkpointer::arm_renewal() {
  if (lease_.life) {
    common_.timers.arm(Timers::Kind::lease, 0, lease_at_ + *lease_.life / 3);
  }
}

bool Checkpointer::covers(Instant now, Duration deadline) const {
  return held_ && (!lease_.life || now + deadline < lease_at_ + *lease_.life);  // I9
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
    arm_renewal();
  }
}

Result<> Checkpointer::quarantine(Quarantined key) {
  PROBE("key_quarantined");
  is_dirty_ = has_store_;
  checkpoint_.quarantined.push_back(std::move(key));
  if (checkpoint_.quarantined.size() > spec_.limits.quarantined_keys) {
    return fatal(
        fmt::format("{} keys in quarantine, more than limits.quarantined_keys; replay the dead "
                    "letters, then `penstock checkpoint reset --quarantine`",
                    checkpoint_.quarantined.size()));
  }
  return {};
}

void Checkpointer::moved(uint32_t part) {
  tracked_.resize(std::max<size_t>(tracked_.size(), part + 1));
  Tracked& one = tracked_[part];
  const uint64_t settled = parts_.settled(part);
  unsaved_events_ += settled - one.settled;
  one.settled = settled;
  if (changed_.contains(part) || spec_.source.progress == Progress::none) {
    return;
  }
  const auto& safe = parts_.safe(part);
  if (!safe || (one.saving && safe->position == one.saving->position)) {
    return;  // an empty read that says again where it stands, or what the source cannot name
  }
  if (saves_positions_) {
    changed_.push(part);
    is_dirty_ = true;
  } else {
    one.saving = one.saved = safe;
    commit_due_.push(part);
  }
}

std::optional<action::Save> Checkpointer::next_save(Instant now) {
  if (!has_store_ || !held_ || is_saving_ || !is_dirty_) {
    return std::nullopt;
  }
  const bool many = spec_.save_every_events && unsaved_events_ >= *spec_.save_every_events;
  const bool at_end = is_closing_ && outage_.failures() == 0;
  if (!many && !at_end && now < save_at_) {
    common_.timers.arm(Timers::Kind::save, 0, save_at_);
    return std::nullopt;
  }
  is_saving_ = true;
  is_dirty_ = false;
  unsaved_events_ = 0;
  Changes changes;
  saving_.clear();
  while (const auto part = changed_.pop()) {
    Tracked& one = tracked_[*part];
    one.saving = parts_.safe(*part);
    saving_.push_back(*part);
    changes.positions.emplace_back(parts_.id(*part), one.saving->position);
  }
  const std::vector<Quarantined>& keys = checkpoint_.quarantined;
  changes.quarantined.assign(keys.begin() + static_cast<ptrdiff_t>(saved_keys_), keys.end());
  saving_keys_ = keys.size();
  return action::Save{std::move(changes)};
}

Result<> Checkpointer::saved(const Result<>& result, Instant asked_at, Instant now) {
  is_saving_ = false;
  if (!result) {
    PROBE("save_retried");
    for (const uint32_t part : saving_) {
      changed_.push(part);
    }
    is_dirty_ = true;
    const Result<> again = outage_.failed(result.error(), now);
    if (!again || (is_closing_ && outage_.failures() > kLastSaves)) {
      held_ = false;
      return fatal(fmt::format("the checkpoint could not be saved: {}", result.error().what));
    }
    save_at_ = outage_.retry_at();
    return {};
  }
  ++saves_;
  outage_.recovered(now);
  save_at_ = now + spec_.save_every;
  lease_at_ = asked_at;
  arm_renewal();
  saved_keys_ = saving_keys_;
  for (const uint32_t part : saving_) {
    Tracked& one = tracked_[part];
    CHECK(one.settled >= one.saving->events);                      // I2
    CHECK(!one.saved || one.saving->events >= one.saved->events);  // I2
    one.saved = one.saving;
    commit_due_.push(part);
  }
  return {};
}

void Checkpointer::begin_closing() {
  is_closing_ = true;
  outage_.forget_failures();
  for (uint32_t part = 0; part < tracked_.size(); ++part) {
    if (tracked_[part].saved != tracked_[part].committing) {
      commit_due_.push(part);
    }
  }
}

// I3: only a saved position is committed; where the source owns its position, one behind which all
// keys in quarantine are saved.
std::optional<action::Commit> Checkpointer::next_commit() {
  const bool keys_are_saved = !has_store_ || saved_keys_ == checkpoint_.quarantined.size();
  while (!commit_due_.empty() && (saves_positions_ || keys_are_saved)) {
    const uint32_t part = *commit_due_.pop();
    Tracked& one = tracked_[part];
    if (parts_.may_commit(part)) {
      CHECK(one.saved->events >= one.committed);  // I2
      one.committing = one.saved;
      parts_.commit_begins(part);
      return action::Commit{part, one.saved->position};
    }
  }
  return std::nullopt;
}

Result<> Checkpointer::committed(uint32_t part, const Result<>& result, Instant now) {
  Tracked& one = tracked_[part];
  Result<> again = parts_.committed(part, result, now);
  if (result) {
    one.committed = one.committing->events;
    if (one.saved != one.committing) {  // it moved meanwhile
      commit_due_.push(part);
    }
    return {};
  }
  one.committing.reset();
  if (is_closing_) {
    PROBE("last_commit_failed");  // the saved position stands; the source keeps what it kept
    return {};
  }
  return again;
}

bool Checkpointer::is_committed(uint32_t part) const {
  if (part >= tracked_.size() || spec_.source.progress == Progress::none) {
    return true;
  }
  const Tracked& one = tracked_[part];
  return !changed_.contains(part) && one.saving == one.saved && one.saved == one.committing &&
         one.committed == one.settled;
}

}  // namespace penstock::engine
