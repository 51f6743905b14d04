// Pipeline: the engine. A state machine without threads, clock or I/O: calls tell it what happened
// and what time it is, next_action() and next_read() say what is to be done. Owned by a runner (or
// the simulator), which calls it under one lock.
//
// Each input only changes the state of the room that it concerns; then one advance() draws all
// conclusions, always in the same order: refresh -> dispatch -> cut batches -> dead letters ->
// refresh -> open -> save -> commit -> end. The rooms own their state and return facts; none calls
// back.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fifo.h"
#include "engine/action.h"
#include "engine/checkpointer.h"
#include "engine/parts.h"
#include "engine/phase.h"
#include "engine/rejected.h"
#include "engine/sink_queue.h"
#include "engine/status.h"

namespace penstock::engine {

class Pipeline {
 public:
  explicit Pipeline(PipelineSpec spec);

  void start(Instant now);
  void stop(Instant now);   // drain: deliver what was read, save, commit, end
  void abort(Instant now);  // end within a second; what is unsettled comes again next time
  void tick(Instant now);   // timers that are due
  void signalled(uint32_t part, Instant now);  // it has something to read

  // The answers to actions.
  void lease_taken(Result<LeaseAndCheckpoint> result, Instant asked_at, Instant now);
  void sink_opened(uint32_t sink, const Result<>& result, Instant now) {
    answered(openings_[sink].answered(result, now), now);
  }
  void dead_letters_opened(const Result<>& result, Instant now) {
    answered(openings_.back().answered(result, now), now);
  }
  void discovered(Result<std::vector<Part>> result, Instant now);
  void reader_opened(uint32_t part, const Result<>& result, Instant now) {
    answered(parts_.opened(part, result, now), now);
  }
  void read_done(uint32_t part, Result<std::unique_ptr<Chunk>> result, Instant now);
  void written(std::unique_ptr<WriteTask> task, Result<std::vector<Failure>> result, Instant now);
  void letters_written(const Result<>& result, Instant now);
  void saved(const Result<>& result, Instant asked_at, Instant now) {
    answered(checkpointer_.saved(result, asked_at, now), now);
  }
  void committed(uint32_t part, const Result<>& result, Instant now) {
    answered(checkpointer_.committed(part, result, now), now);
  }
  void reader_closed(Instant now) { answered({}, now); }
  void released(const Result<>& result, Instant now);

  // What is to be done: everything but reads, and reads, whose room is reserved when they are
  // taken.
  bool has_action() const { return !actions_.empty() && !ended(); }
  std::optional<Action> next_action();
  bool has_read() const { return phases_.is(Phase::running) && parts_.has_read(); }
  std::optional<Action> next_read(Instant now);
  Instant next_timer() const { return ended() ? Instant::never() : common_.timers.next(); }
  std::vector<Notice> take_notices() { return std::exchange(common_.notices, {}); }

  bool ended() const { return phases_.has_ended(); }
  // Reads need not go on waiting; and: writes need not either, their answers no longer count. Once
  // it has ended, nor need the last save and commits.
  bool reading_ended() const { return phases_.now() > Phase::running; }
  bool giving_up() const { return is_giving_up_ || ended(); }
  // Fresh each call; `wall` is the wall clock, for the lag.
  Status status(Timestamp wall, Instant now) const;
  uint64_t in_flight_events() const { return parts_.events_in_flight(); }

 private:
  void advance(Instant now);
  // A failure stops the pipeline.
  void answered(const Result<>& result, Instant now) {
    check(result, now);
    --under_way_;
    advance(now);
  }
  void emit(Action action);
  void take_timer(const Timers::Due& due, Instant now);
  void enter(Phase phase);

  void open();
  void dispatch(Instant now);
  void dispatch_event(Chunk& chunk, uint32_t index, Instant now);
  void route(uint32_t sink, Chunk& chunk, uint32_t index, Instant now);
  void cut(Instant now);
  void reject(SinkQueue* by, bool was_written, const Item& item, const Error& error, Instant now);
  void quarantine(SinkQueue& sink, bool was_written, const Item& item, Instant now);
  void commit();
  void end(Instant now);
  void drain(State outcome, Instant now);
  void give_up(Instant now);
  void end_now();
  void fail(std::string reason, Instant now);
  void check(const Result<>& result, Instant now);
  std::string waits_for(Instant now) const;

  const PipelineSpec spec_;
  Common common_;
  Phases phases_;
  std::deque<Opening> openings_;  // of the sinks, and behind them of the dead letters
  Parts parts_;
  std::vector<std::unique_ptr<SinkQueue>> sinks_;
  Rejected rejected_;
  Checkpointer checkpointer_;
  Fifo<Action> actions_;
  uint32_t under_way_ = 0;  // actions without an answer
  bool goes_on_ = false;    // advance() has something to conclude from its own conclusions
  bool is_giving_up_ = false;
  uint32_t source_rejections_in_a_row_ = 0;
  SinkStatus source_counts_;  // rejected, dropped and dead letters, before any sink
};

}  // namespace penstock::engine
