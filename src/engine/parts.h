// Parts: the parts of the source as the engine sees them: found, opened, read, dispatched in their
// order, settled, closed. Owns their ledgers, the room they share, and what the source was asked.
// One hand at a time asks the source (parts() and open()); each part has one hand that reads and
// one that commits. Owned by the pipeline; used under the runner's lock.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/index_list.h"
#include "engine/action.h"
#include "engine/ledger.h"
#include "engine/retry.h"
#include "engine/room.h"
#include "engine/status.h"

namespace penstock::engine {

class Parts {
 public:
  explicit Parts(Common& common);

  // The source's one hand. An error of these means that the pipeline stops.
  void ask_for_parts() { ask_due_ = true; }
  void loaded(const Checkpoint& checkpoint) { known_ = checkpoint; }
  std::optional<Action> next_question();  // Discover or OpenReader
  Result<> discovered(Result<std::vector<Part>> result, Instant now);
  Result<> opened(uint32_t part, Result<> result, Instant now);

  // The hand that reads.
  void signalled(uint32_t part, Instant now);
  void timer(uint32_t part, Instant now);
  bool has_read() const { return !readable_.empty() && events_wanted() > 0; }
  // Reserves the room that the read may take; nothing where no part may read now.
  std::optional<action::ReadPart> take_read(Instant now);
  Result<> read_done(uint32_t part, Result<std::unique_ptr<Chunk>> result, Instant now);
  // Some part could read, were there room, and a batch that does not wait to become fuller may make
  // it: once when that comes up, and again as long as what is written takes room that is wanted.
  bool wants_relief() const { return relief_due_; }
  bool asks_for_relief() { return std::exchange(relief_due_, false); }

  // Dispatch, in the order of a part. A control event waits until everything before it is settled,
  // and what comes after it waits for the control event.
  bool has_chunk() const { return !dispatchable_.empty(); }
  Chunk* next_chunk(Instant now);
  std::optional<uint32_t> next_event(uint32_t part);  // in its chunk; nothing: stands, or is done
  bool flushes() const { return at_barrier_ > 0 || ends_ > ends_settled_; }
  // What its event must not share an object with: grows where the generation changes, and by cut().
  uint32_t cuts(uint32_t part) const { return parts_[part]->cuts; }
  void cut(uint32_t part) { ++parts_[part]->cuts; }

  void settle(const Item& item);
  // The event of next_event() went its ways: the copy that stood for its dispatch is settled.
  void dispatched(Chunk& chunk, uint32_t index);
  // Draws the conclusions from what was settled and read: room, barriers, ends, moved positions.
  void refresh(Instant now);
  // A part whose settled prefix has moved, once for each move; and what is safe of it.
  std::optional<uint32_t> pop_moved() { return moved_.pop(); }
  const std::optional<Ledger::Safe>& safe(uint32_t part) const {
    return parts_[part]->ledger.safe(spec_.position_before);
  }
  uint64_t settled(uint32_t part) const { return parts_[part]->ledger.settled(); }

  // The hand that commits.
  bool may_commit(uint32_t part) const;
  void commit_begins(uint32_t part) { parts_[part]->committing = true; }
  Result<> committed(uint32_t part, const Result<>& result, Instant now);

  // A part that is read to its end and settled, and again after each commit; closed when there is
  // nothing left to commit.
  std::optional<uint32_t> pop_settled_end() { return settled_ends_.pop(); }
  bool may_close(uint32_t part) const { return parts_[part]->end_is_told && may_commit(part); }
  void close(uint32_t part) { parts_[part]->stage = Stage::closed; }

  bool wanted_is_read() const;
  bool all_delivered() const { return room_.is_empty(); }
  uint64_t events_in_flight() const { return room_.total().events - reserved_.events; }
  size_t size() const { return parts_.size(); }
  const std::string& id(uint32_t part) const { return parts_[part]->part.id; }
  const Outage* failing() const;  // the discovery, or the first part that is; null: all is well
  void fill(Status& status, Timestamp wall) const;

 private:
  enum class Stage : uint8_t { found, opening, open, closed };
  struct PartState {
    PartState(Common& common, uint32_t index, Part what);
    Part part;
    Outage outage, commit_outage;
    Ledger ledger;
    Stage stage = Stage::found;
    bool reading = false, committing = false;
    bool caught_up = false, ended = false, end_is_told = false;
    bool signal_came = false;  // while a read was under way
    bool at_barrier = false, behind_barrier = false;
    Duration idle{0};
    Instant read_at;  // not before
    Holding reserved;
    std::optional<Position> begin;  // where it is opened
    Chunk* waiting = nullptr;       // to be dispatched from event `next` on
    uint32_t next = 0;
    uint64_t dispatched_open = 0;  // dispatched events that are not settled
    std::string generation;        // of the event dispatched last
    uint32_t cuts = 0;
    std::optional<Duration> behind, headroom;

    bool wants_read(uint64_t settled_slots) const {
      return stage == Stage::open && !reading && !ended && waiting == nullptr &&
             ledger.settled_behind() <= settled_slots;
    }
    bool is_behind() const { return !caught_up && !ended; }
  };

  void consider_read(uint32_t part, Instant now);
  bool wants_read(uint32_t part) const {
    return parts_[part]->wants_read(spec_.limits.settled_slots);
  }
  bool fits(uint32_t part, const ReadLimits& limits) const;
  bool waits_for_room(uint32_t part) const {
    return starved_.contains(part) && wants_read(part) && !fits(part, room_.smallest_read());
  }
  bool fits_when_compacted(uint32_t part, const ReadLimits& limits);
  void compact(uint32_t part);
  uint64_t events_wanted() const;
  void reserve(uint32_t part, const Holding& reserved);
  void count(uint32_t part);
  void set_progress(PartState& state, bool caught_up, bool ended);
  Result<> failed(uint32_t part, const Error& error, Instant now);
  Result<> lost_position(uint32_t part, const Error& error);
  void conclude(uint32_t part, Instant now);

  Common& common_;
  const PipelineSpec& spec_;
  Timers& timers_;
  Room room_;
  std::vector<std::unique_ptr<PartState>> parts_;
  std::unordered_set<std::string> ids_;
  // starved_: would read, were there room, or got it out of turn. untold_: moved since the source
  // was asked for its parts.
  IndexList to_open_, readable_, starved_, touched_, moved_, untold_, dispatchable_, settled_ends_;

  bool relief_due_ = false;
  bool source_is_asked_ = false;
  bool ask_due_ = true;  // for parts
  Outage discover_outage_;
  Checkpoint known_;  // as loaded, with the live positions; the source has it while it is asked

  // Parts that are read to their end; settled too; when the source was asked last; when it
  // answered.
  uint32_t ends_ = 0, ends_settled_ = 0, ends_asked_ = 0, ends_known_ = 0;
  uint32_t behind_ = 0;      // parts that are neither ended nor caught up
  uint32_t at_barrier_ = 0;  // parts whose dispatch stands at one
  Holding reserved_;
  uint64_t events_read_ = 0, filtered_ = 0, lost_positions_ = 0;
  uint32_t lost_in_a_row_ = 0;
};

}  // namespace penstock::engine
