// Batches out and answers in: lanes, retries, rejections, dead letters.
#include <fmt/core.h>

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "base/mutation.h"
#include "core/copy_event.h"
#include "doc/bson.h"
#include "engine/pipeline.h"

namespace penstock::engine {

namespace {

constexpr size_t kLettersMax = 100;  // dead letters of one write

}  // namespace

bool Pipeline::flushing() const {
  return phase_ == Phase::finishing || phase_ == Phase::draining || waiting_barriers_ > 0;
}

bool Pipeline::delivering() const {
  return phase_ == Phase::running || phase_ == Phase::finishing || phase_ == Phase::draining;
}

void Pipeline::issue_write(uint32_t s, uint32_t l, std::vector<Item> items, Instant now) {
  SinkState& sink = *sinks_[s];
  auto task = std::make_unique<WriteTask>();
  task->sink = s;
  task->lane = l;
  task->items = std::move(items);
  task->started = now;
  task->batch.slot = l;
  if (sink.spec.traits.folders) {
    task->batch.slot = slot_of(sink, l);
    sink.busy_slots[task->batch.slot] = true;
  }
  task->batch.replay = spec_.replay;
  task->batch.events.reserve(task->items.size());
  const Chunk* last = nullptr;
  for (const Item& item : task->items) {
    if (item.chunk != last) {
      last = item.chunk;
      task->blocks.push_back(item.chunk->block);
    }
    task->batch.events.push_back(&item.event());
  }
  task->batch.part = sink.spec.traits.folders
                         ? std::string_view(parts_[task->items.front().chunk->part]->part.id)
                         : std::string_view();
  ++sink.writes;
  if (sink.spec.rate > 0) {  // what a second did not use, the next one may
    const std::chrono::duration<double> worth(static_cast<double>(task->items.size()) /
                                              sink.spec.rate);
    sink.paced_until =
        std::max(sink.paced_until, now - 1s) + std::chrono::duration_cast<Duration>(worth);
  }
  if (mutated("settle_before_durable")) {
    for (const Item& item : task->items) {
      settle(item, now);
    }
  }
  emit(action::Write{std::move(task)});
}

void Pipeline::written(std::unique_ptr<WriteTask> task, Result<std::vector<Failure>> result,
                       Instant now) {
  --under_way_;
  if (phase_ == Phase::ended) {
    return;
  }
  const uint32_t s = task->sink;
  const uint32_t l = task->lane;
  SinkState& sink = *sinks_[s];
  --sink.writes;
  if (sink.spec.traits.folders) {
    sink.busy_slots[task->batch.slot] = false;
  }
  sink.counts.add_write(now - task->started, result.has_value());
  if (mutated("settle_before_durable") || (mutated("unknown_is_success") && !result &&
                                           reaction_to(result.error().kind) == Reaction::retry)) {
    result = std::vector<Failure>{};
  }
  if (!result && reaction_to(result.error().kind) == Reaction::reject && task->items.size() > 1) {
    std::vector<Item> rest = task->items;
    while (mutated("bisect_drops_half") && rest.size() > 2 &&
           rest.size() > task->items.size() / 2) {
      settle(rest.back(), now);
      rest.pop_back();
    }
    sink.lanes[l]->bisect(rest);
  } else {
    take_answer(s, *task, result, now);
  }
  continue_dispatch(now);
  if (sink.outage.since || sink.lanes[l]->failing_since()) {
    sink.outage.since = failing_since(sink);
    consider_alert(sink.outage, now);
  }
  task.reset();  // before a pause for want of room: its blocks are free
  // The other folders that share its slot come first.
  const auto lanes = static_cast<uint32_t>(sink.lanes.size());
  for (uint32_t i = sink.spec.traits.folders ? 1 : lanes; i <= lanes; ++i) {
    consider_lane(s, (l + i) % lanes, now);
  }
  if (sink.spec.traits.folders && sink.lanes[l]->empty()) {
    sink.lane_of_key.erase(sink.lanes[l]->lane_key);
    sink.free_lanes.push_back(l);
  }
  if (paused_) {
    consider_reads(now);
  }
  consider_end(now);
}

std::optional<Instant> Pipeline::failing_since(const SinkState& sink) {
  std::optional<Instant> since;
  for (const auto& lane : sink.lanes) {
    const std::optional<Instant> failing = lane->failing_since();
    since = failing && (!since || *failing < *since) ? failing : since;
  }
  return since;
}

// What the sink said, event by event.
void Pipeline::take_answer(uint32_t s, const WriteTask& task,
                           const Result<std::vector<Failure>>& result, Instant now) {
  SinkState& sink = *sinks_[s];
  Lane& lane = *sink.lanes[task.lane];
  std::vector<Outcome>& outcomes = outcomes_;
  outcomes.assign(task.items.size(), Outcome{});
  std::vector<Failure> whole;
  if (!result) {
    for (uint32_t i = 0; i < task.items.size(); ++i) {
      whole.push_back({i, result.error()});
    }
  }
  const std::vector<Failure>& failures = result ? *result : whole;
  const Error* fatal_error = nullptr;
  for (const Failure& failure : failures) {
    CHECK(failure.index < outcomes.size());
    const Reaction reaction = reaction_to(failure.error.kind);
    fatal_error =
        reaction == Reaction::fail || reaction == Reaction::lost ? &failure.error : fatal_error;
    outcomes[failure.index] = {
        reaction == Reaction::reject ? Outcome::Kind::rejected : Outcome::Kind::failed,
        failure.error.retry_after};
    if (reaction == Reaction::retry) {
      ++sink.counts.retries;
      sink.outage.error = failure.error.what;
    }
  }
  if (mutated("retry_resends_all") && !failures.empty()) {
    outcomes.assign(task.items.size(), {Outcome::Kind::failed, std::nullopt});
  }
  const Item* exhausted_item = lane.finish(now, task.items, outcomes);
  if (!result && reaction_to(result.error().kind) == Reaction::retry) {
    lane.failed_whole(now, task.items, result.error().retry_after);
  }
  bool is_any_durable = false;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].kind == Outcome::Kind::durable && !mutated("settle_before_durable")) {
      ++sink.counts.events;
      sink.counts.bytes += task.items[i].bytes;
      is_any_durable = true;
      settle(task.items[i], now);
    }
  }
  for (const Failure& failure : failures) {
    if (outcomes[failure.index].kind == Outcome::Kind::rejected) {
      sink.rejections_in_a_row = is_any_durable ? 0 : sink.rejections_in_a_row;
      reject(&sink, true, task.items[failure.index], failure.error, now);
    }
  }
  sink.rejections_in_a_row = is_any_durable ? 0 : sink.rejections_in_a_row;
  if (fatal_error != nullptr) {
    return fail(now, "sink {}: {}", sink.spec.name, fatal_error->what);
  }
  if (exhausted_item != nullptr) {
    fail(now, "sink {}: retries used up at {}: {}", sink.spec.name,
         describe(exhausted_item->event()), sink.outage.error);
  }
}

void Pipeline::settle(const Item& item, Instant now) {
  Chunk& chunk = *item.chunk;
  const uint32_t part = chunk.part;
  PartState& state = *parts_[part];
  if (!state.ledger.settle(chunk, item.index)) {
    return;
  }
  --state.dispatched_open;
  if (chunk.open == 0) {
    advance(part, now);
  }
  if (state.dispatched_open == 0 && state.at_barrier) {
    woken_parts_.push_back(part);
  }
}

// Parts whose barrier is passed go on, once whoever settled their events has finished.
void Pipeline::continue_dispatch(Instant now) {
  while (!woken_parts_.empty()) {
    const uint32_t part = woken_parts_.back();
    woken_parts_.pop_back();
    dispatch(part, now);
    consider_read(part, now);
  }
}

// By a sink, or by decoding and transforms at the source. It stays open until it is in the dead
// letters or dropped; where it stops the pipeline, the position stays before it.
void Pipeline::reject(SinkState* by, bool was_written, const Item& item, const Error& error,
                      Instant now) {
  const uint64_t count = ++(by != nullptr ? by->counts.rejected : source_rejected_);
  uint32_t& in_a_row = by == nullptr ? source_rejections_in_a_row_
                       : was_written ? by->rejections_in_a_row
                                     : by->unrouted_in_a_row;
  const OnReject on_reject = by != nullptr ? by->spec.on_reject : spec_.source_on_reject;
  const std::string_view sink = by != nullptr ? std::string_view(by->spec.name) : "";
  const std::string what =
      fmt::format("{} {}: {}: {}", by != nullptr ? "sink" : "source",
                  by != nullptr ? sink : spec_.source_name, describe(item.event()), error.what);
  if (++in_a_row >= spec_.limits.rejections_in_a_row) {
    PROBE("rejections_in_a_row");
    return fail(now, "{} events rejected in a row without a success; the last: {}", in_a_row, what);
  }
  if (std::has_single_bit(count) && on_reject != OnReject::stop) {
    notify(Log::Level::warn, "{} rejected so far, the last: {}", count, what);
  }
  switch (on_reject) {
    case OnReject::stop:
      return fail_pipeline(what, now);
    case OnReject::drop:
      ++(by != nullptr ? by->counts.dropped : source_dropped_);
      return settle(item, now);
    case OnReject::quarantine:
      for (const auto& each : sinks_) {
        if (by == nullptr || by == each.get()) {
          quarantine(*each, was_written, item, now);
        }
      }
      [[fallthrough]];
    case OnReject::dead_letter:
      PROBE(by != nullptr ? "dead_letter" : "dead_letter_at_source");
      return bury(item, sink, error.what, on_reject == OnReject::quarantine, now);
  }
}

void Pipeline::quarantine(SinkState& sink, bool was_written, const Item& item, Instant now) {
  if (item.event().order_key.is_zero() ||
      !(was_written ? sink.quarantine.insert(item.key).second : sink.barred.insert(item.event()))) {
    return;
  }
  PROBE("key_quarantined");
  checkpoint_.quarantined.push_back(quarantined_at(sink.spec.name, item.event()));
  dirty_ = true;
  if (checkpoint_.quarantined.size() > spec_.limits.quarantined_keys) {
    fail(now,
         "{} keys in quarantine, more than limits.quarantined_keys; replay "
         "the dead letters, then `penstock checkpoint reset --quarantine`",
         checkpoint_.quarantined.size());
  }
}

void Pipeline::follow_into_letters(SinkState& sink, const Item& item, Instant now) {
  PROBE("quarantined_key_follows");
  ++sink.counts.rejected;
  bury(item, sink.spec.name, "an earlier change of this key was rejected", true, now);
}

// Into the dead letters, in order. The event is settled when they are durable, not before (I1).
void Pipeline::bury(const Item& item, std::string_view sink, std::string_view error,
                    bool quarantined, Instant now) {
  Letter letter{item, std::make_unique<EventBlock>(size_t{1} << 10), {}};
  EventBlock& copy = *letter.block;
  copy.events.push_back(copy_event(item.event(), copy.arena));
  letter.dead = {.event = &copy.events.front(),
                 .sink = sink,
                 .error = copy.arena.copy(error),
                 .part = parts_[item.chunk->part]->part.id,
                 .position = item.chunk->read.position,
                 .at = {},
                 .quarantined = quarantined};
  if (mutated("dead_letter_settles_early")) {
    settle(item, now);
  }
  letters_.push_back(std::move(letter));
  consider_letters(now);
}

void Pipeline::consider_letters(Instant now) {
  if (letters_.empty() || !letters_in_flight_.empty() || letters_resume_at_ > now ||
      !delivering() || !lease_covers_write(now, spec_.dead_letter_deadline)) {
    return;
  }
  action::WriteLetters write;
  while (!letters_.empty() && letters_in_flight_.size() < kLettersMax) {
    letters_in_flight_.push_back(letters_.pop_front());
    write.letters.push_back(letters_in_flight_.back().dead);
  }
  emit(std::move(write));
}

void Pipeline::letters_written(Result<> result, Instant now) {
  --under_way_;
  if (phase_ == Phase::ended) {
    return;
  }
  std::vector<Letter> written = std::exchange(letters_in_flight_, {});
  if (!result) {
    for (size_t i = written.size(); i-- > 0;) {
      letters_.push_front(std::move(written[i]));
    }
    PROBE("dead_letters_retried");
    if (const auto at = failed(letters_outage_, spec_.store_retry, result.error(), now)) {
      letters_resume_at_ = *at;
      arm(letters_resume_at_, [this](Instant due) { consider_letters(due); });
    }
    return consider_end(now);
  }
  recovered(letters_outage_, now);
  for (const Letter& letter : written) {
    source_dead_letters_ += letter.dead.sink.empty() ? 1 : 0;
    for (const auto& sink : sinks_) {
      sink->counts.dead_letters += sink->spec.name == letter.dead.sink ? 1 : 0;
    }
    if (!mutated("dead_letter_settles_early")) {
      settle(letter.item, now);
    }
  }
  continue_dispatch(now);
  consider_letters(now);
  if (paused_) {
    consider_reads(now);
  }
  consider_end(now);
}

}  // namespace penstock::engine
