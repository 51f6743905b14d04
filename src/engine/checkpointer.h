// Checkpointer: the lease and the saved progress. Progress only moves sink durable -> checkpoint
// saved -> source committed; a failure never moves it. Owned by the pipeline; used under the
// runner's lock.
#pragma once

#include <optional>
#include <vector>

#include "base/index_list.h"
#include "engine/action.h"
#include "engine/parts.h"
#include "engine/retry.h"

namespace penstock::engine {

class Checkpointer {
 public:
  Checkpointer(Common& common, Parts& parts);

  // Once when it is to be taken.
  bool asks_for_lease() { return std::exchange(lease_due_, false); }
  Result<> lease_taken(Result<LeaseAndCheckpoint> result, Instant asked_at, Instant now);
  bool has_lease() const { return held_; }
  // Another run has it and keeps it, and this one was not to wait for that.
  bool leaves_lease() const { return leaves_lease_; }
  // Whether what begins now and takes so long ends while the lease is surely ours.
  bool covers(Instant now, Duration deadline) const;
  void lease_timer(Instant now);
  void commit_timer(uint32_t part) {
    if (!is_closing_) {
      commit_due_.push(part);
    }
  }
  void begin_closing();  // what waits for a retry is tried once more, and then no longer
  const Checkpoint& loaded() const { return checkpoint_; }

  // A key whose changes follow into the dead letters; an error where there are too many.
  Result<> quarantine(Quarantined key);

  void moved(uint32_t part);  // its settled prefix
  std::optional<action::Save> next_save(Instant now);
  Result<> saved(const Result<>& result, Instant asked_at, Instant now);
  bool is_saved() const { return !is_saving_ && !is_dirty_; }
  std::optional<action::Commit> next_commit();
  Result<> committed(uint32_t part, const Result<>& result, Instant now);
  bool is_committed(uint32_t part) const;  // all that is settled
  // Once, at the end.
  bool gives_lease_back() { return has_store_ && std::exchange(held_, false); }

  const Outage* failing() const;  // null: all is well
  void fill(Status& status) const;

 private:
  struct Tracked {                        // of one part
    uint64_t settled = 0, committed = 0;  // events
    // What was taken last to be saved; what is, or needs no save; what the source was last told,
    // unless that failed.
    std::optional<Ledger::Safe> saving, saved, committing;
  };

  void arm_renewal();

  Common& common_;
  const PipelineSpec& spec_;
  Parts& parts_;
  const bool has_store_;
  const bool saves_positions_;  // else they go to the source once they are settled

  // As loaded, with all keys in quarantine since.
  Checkpoint checkpoint_;
  Lease lease_;
  Instant lease_at_;
  bool lease_due_ = has_store_;
  bool held_ = !has_store_;
  bool waits_for_other_ = false;  // another run has the lease
  bool leaves_lease_ = false;
  Outage lease_outage_;

  std::vector<Tracked> tracked_;
  IndexList changed_, commit_due_;           // changed: since the last save began
  std::vector<uint32_t> saving_;             // the parts in the save under way
  size_t saved_keys_ = 0, saving_keys_ = 0;  // of those in quarantine, the first
  bool is_saving_ = false;
  bool is_dirty_ = false;  // something to save
  bool is_closing_ = false;
  Outage outage_;
  Instant save_at_;  // the first progress at once: who dies again and again moves on all the same
  uint64_t unsaved_events_ = 0;
  uint64_t saves_ = 0;
};

}  // namespace penstock::engine
