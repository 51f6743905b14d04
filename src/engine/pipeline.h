// Pipeline: the engine. A state machine without threads, clock or I/O: calls tell it what happened
// and what time it is, next_action() says what is to be done. Owned by a runner (or the simulator),
// which calls it under one lock.
//
// Life of an event: a read adds a Chunk to the ledger of its part; its events go to lanes by their
// order key; a lane cuts a batch; the written batch settles its events; the settled prefix of the
// part gives the position that is saved, and only then committed to the source.
#pragma once

#include <fmt/core.h>

#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/log.h"
#include "core/quarantine.h"
#include "engine/action.h"
#include "engine/status.h"

namespace penstock::engine {

struct Notice {  // for the log, written by the runner once its lock is free
  Log::Level level;
  std::string what;
};

class Pipeline {
 public:
  explicit Pipeline(PipelineSpec spec);
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  void start(Instant now);
  void stop(Instant now) { drain(State::stopped, now); }  // drain
  void abort();            // no further action; what is unsettled comes again next time
  void tick(Instant now);  // timers that are due

  // The answers to actions.
  void lease_taken(Result<LeaseAndCheckpoint> result, Instant asked_at, Instant now);
  void sink_opened(uint32_t sink, Result<> result, Instant now);
  void dead_letters_opened(Result<> result, Instant now);
  void discovered(Result<std::vector<Part>> result, Instant now);
  void reader_opened(uint32_t part, Result<> result, Instant now);
  void read_done(uint32_t part, Result<std::unique_ptr<Chunk>> result, Instant now);
  void written(std::unique_ptr<WriteTask> task, Result<std::vector<Failure>> result, Instant now);
  void letters_written(Result<> result, Instant now);
  void saved(Result<> result, Instant asked_at, Instant now);
  void committed(uint32_t part, Result<> result, Instant now);

  std::optional<Action> next_action();
  Instant next_timer() const;
  std::vector<Notice> take_notices() { return std::exchange(notices_, {}); }
  bool ended() const { return phase_ == Phase::ended; }
  // Reads need not go on waiting; and: writes need not either, their answers no longer count.
  bool reading_ended() const { return phase_ != Phase::opening && phase_ != Phase::running; }
  bool giving_up() const { return giving_up_ || phase_ == Phase::ended; }
  // Fresh each call; `wall` is the wall clock, for the lag.
  Status status(Timestamp wall, Instant now) const;
  const PipelineSpec& spec() const { return spec_; }
  size_t in_flight_bytes() const;
  uint64_t in_flight_events() const;

 private:
  enum class Phase {
    opening,    // lease, sinks, dead letters
    running,    // reading
    finishing,  // everything wanted was read: deliver it
    draining,   // as finishing, after stop(), with a deadline
    failing,    // waiting for the answers of what is under way
    closing,    // last save, last commits
    ended,
  };

  // Something that fails and is tried again; it ends without a restart, and is said meanwhile.
  struct Outage {
    std::string what;  // fails: "sink out"
    std::string error = {};
    uint32_t failures = 0;
    std::optional<Instant> since = {};
    Duration said{0};  // that it has been failing so long
  };

  struct PartState {
    Part part;
    Outage outage;
    Ledger ledger;
    bool open = false;
    bool busy = false;  // a read, a commit or an opening is under way: one hand at a time
    bool caught_up = false;
    bool ended = false;
    Duration idle{0};
    Instant read_at;  // not before
    Instant armed_at = Instant::never();
    size_t reserved_bytes = 0;
    uint32_t reserved_events = 0;
    std::optional<Position> opened_at;
    std::optional<Position> safe, saving, saved;  // the latest of each
    bool commit_due = false;
    uint64_t safe_count = 0, saving_count = 0, saved_count = 0, committing_count = 0,
             committed_count = 0;
    Chunk* waiting = nullptr;  // dispatch stands before event `next` of this chunk, at a barrier
    uint32_t next = 0;
    std::string generation;  // of the event dispatched last
    bool behind_barrier = false;
    bool at_barrier = false;
    uint64_t dispatched_open = 0;  // dispatched events that are not settled

    size_t bytes() const { return ledger.pinned_bytes() + reserved_bytes; }
    uint64_t events() const { return ledger.open() + reserved_events; }
  };

  struct SinkState {
    SinkSpec spec;
    std::vector<std::unique_ptr<Lane>> lanes;
    std::vector<uint32_t> free_lanes;                                   // folders
    std::unordered_map<OrderKey, uint32_t, Hash128Hasher> lane_of_key;  // folders
    std::vector<bool> busy_slots;    // folders: by Batch::lane, whether a write is in flight
    QuarantineSet quarantine;        // by the sink's order keys: what the lanes divert
    penstock::QuarantineSet barred;  // by the events' own keys: before a lane, from there on
    bool opened = false;
    Outage outage;
    uint32_t rejections_in_a_row = 0, unrouted_in_a_row = 0;
    uint32_t writes = 0;  // in flight
    uint32_t round_robin = 0;
    Instant paced_until;  // no write before, where `rate` is set
    SinkStatus counts;
  };

  struct Letter {
    Item item;                          // to settle once the letter is durable
    std::unique_ptr<EventBlock> block;  // a copy: a letter does not pin its batch
    DeadLetter dead;                    // views into `block` and the pipeline
  };

  struct Timer {
    Instant at;
    std::function<void(Instant now)> due;
    bool operator>(const Timer& other) const { return at > other.at; }
  };

  struct Room {
    size_t bytes = 0;
    uint64_t events = 0;
  };

  // pipeline.cpp: opening, reading, dispatch
  template <class Again>  // the action that asks once more
  void opened(bool& is_open, Outage& outage, const RetryPolicy& policy, const Result<>& result,
              Again again, Instant now);
  void consider_reads(Instant now);
  void consider_read(uint32_t part, Instant now);
  ReadLimits read_limits(size_t bytes_min, size_t events_min) const;
  uint64_t events_wanted() const;
  Room beyond_share(const PartState& part, size_t bytes, uint64_t events) const;
  Room shared_room() const;
  bool has_room(const PartState& part, const ReadLimits& limits) const;
  void relieve(Instant now);
  void part_failed(uint32_t part, const Error& error, Instant now);
  void lost_position(uint32_t part, const Error& error, Instant now);
  void open_reader(uint32_t part, std::optional<Position> position);
  void emit(Action action);
  void dispatch(uint32_t part, Instant now);
  void continue_dispatch(Instant now);
  void dispatch_event(Chunk& chunk, uint32_t index, Instant now);
  void route(uint32_t sink, Chunk& chunk, uint32_t index, Instant now);
  void cut_objects(uint32_t part);
  uint32_t lane_for(uint32_t sink, uint32_t part, const OrderKey& key, Instant now);
  static uint32_t fullest_lane(const SinkState& sink);
  uint32_t open_lane(SinkState& sink, const OrderKey& key, uint32_t part);
  static uint32_t slot_of(const SinkState& sink, uint32_t lane);
  // pipeline_write.cpp: batches out, answers in
  void consider_lane(uint32_t sink, uint32_t lane, Instant now, bool flush = false);
  static std::optional<Instant> failing_since(const SinkState& sink);
  void consider_all_lanes(Instant now);
  bool may_write(const SinkState& sink, uint32_t lane, Instant now) const;
  void issue_write(uint32_t sink, uint32_t lane, std::vector<Item> items, Instant now);
  void settle(const Item& item, Instant now);
  void take_answer(uint32_t sink, const WriteTask& task, const Result<std::vector<Failure>>& result,
                   Instant now);
  // `by`: null for decoding and transforms; `was_written`: by a write, not before the lanes.
  void reject(SinkState* by, bool was_written, const Item& item, const Error& error, Instant now);
  void quarantine(SinkState& sink, bool was_written, const Item& item, Instant now);
  void follow_into_letters(SinkState& sink, const Item& item, Instant now);
  void bury(const Item& item, std::string_view sink, std::string_view error, bool quarantined,
            Instant now);
  void consider_letters(Instant now);
  // pipeline_progress.cpp: positions, the end
  void advance(uint32_t part, Instant now);
  void consider_save(Instant now);
  bool consider_commit(uint32_t part);
  bool lease_covers_write(Instant now, Duration deadline) const;
  void consider_end(Instant now);
  void drain(State outcome, Instant now);
  void begin_finishing(Phase phase, Instant now);
  void close(Instant now);
  void continue_closing(Instant now);
  bool wanted_is_read() const;
  std::optional<Instant> failed(Outage& outage, const RetryPolicy& policy, const Error& error,
                                Instant now);
  void recovered(Outage& outage, Instant now);
  void consider_alert(Outage& outage, Instant now);
  std::string waits_for(Instant now) const;
  void fail_pipeline(std::string reason, Instant now);
  template <class... T>
  void fail(Instant now, fmt::format_string<T...> reason, T&&... values) {
    fail_pipeline(fmt::format(reason, std::forward<T>(values)...), now);
  }
  template <class... T>
  void notify(Log::Level level, fmt::format_string<T...> what, T&&... values) {
    notices_.push_back({level, fmt::format(what, std::forward<T>(values)...)});
  }
  void give_up(Instant now);
  void part_timer(uint32_t part, Instant now);
  State state() const;
  bool flushing() const;
  bool delivering() const;
  void arm(Instant at, std::function<void(Instant now)> due) { timers_.push({at, std::move(due)}); }
  void arm_lease();
  void discover();

  PipelineSpec spec_;
  Random random_;
  Phase phase_ = Phase::opening;
  State outcome_ = State::finished;  // what ended() will mean
  std::string reason_;
  std::vector<std::unique_ptr<PartState>> parts_;
  std::unordered_map<std::string, uint32_t> part_by_id_;
  std::vector<std::unique_ptr<SinkState>> sinks_;
  Fifo<Action> actions_;
  std::vector<Notice> notices_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::vector<Outcome> outcomes_;  // of the answer being taken; kept for its memory

  // As loaded, and then as saved last: parts that are not open (yet) keep their positions in it.
  Checkpoint checkpoint_;
  Lease lease_;
  Instant lease_at_;
  bool lease_held_ = false;
  bool giving_up_ = false;
  bool letters_open_ = false;
  Fifo<Letter> letters_;
  std::vector<Letter> letters_in_flight_;
  Instant letters_resume_at_;
  Outage letters_outage_{"the dead letters"};

  uint32_t under_way_ = 0;             // actions without an answer
  std::vector<uint32_t> woken_parts_;  // their dispatch may go on
  bool discovering_ = false;
  Outage discover_outage_;
  std::optional<Room> shared_;  // shared_room(), while all parts are considered
  bool paused_ = false;         // some part could read, were there room
  bool saving_ = false;
  bool dirty_ = false;  // something to save
  Outage save_outage_{"the checkpoint"};
  Instant save_at_;
  uint64_t unsaved_events_ = 0;
  int32_t waiting_barriers_ = 0;  // parts whose dispatch stands at one
  uint32_t source_rejections_in_a_row_ = 0;
  uint32_t lost_in_a_row_ = 0;
  uint64_t events_read_ = 0;
  uint64_t filtered_ = 0, source_rejected_ = 0, source_dropped_ = 0, source_dead_letters_ = 0,
           lost_positions_ = 0, saves_ = 0;
};

}  // namespace penstock::engine
