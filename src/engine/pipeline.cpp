// The coordinator: inputs, advance(), and what one room's facts mean for another. It ends in
// pipeline_end.cpp.
#include "engine/pipeline.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "base/probe.h"

namespace penstock::engine {

constexpr const char* kGoOnWithoutIt =
    "; to go on without it, give the pipeline a `dead_letter` and set `on_reject: dead_letter`, "
    "or set `on_reject: drop`";

Pipeline::Pipeline(PipelineSpec spec)
    : spec_(std::move(spec)),
      common_(spec_),
      parts_(common_),
      rejected_(common_),
      checkpointer_(common_, parts_) {
  uint32_t target = 0;
  for (const SinkSpec& sink : spec_.sinks) {
    openings_.emplace_back(common_, sink.retry, target, fmt::format("sink {}", sink.name));
    sinks_.push_back(std::make_unique<SinkQueue>(common_, target++));
  }
  if (spec_.has_dead_letter) {
    openings_.emplace_back(common_, spec_.store_retry, target, "the dead letters");
  }
}

void Pipeline::start(Instant now) {
  CHECK(phases_.is(Phase::opening));
  if (spec_.until.deadline) {
    common_.timers.arm(Timers::Kind::until, 0, now + *spec_.until.deadline);
  }
  advance(now);
}

void Pipeline::advance(Instant now) {
  do {
    if (ended()) {
      return;
    }
    goes_on_ = false;
    parts_.refresh(now);
    dispatch(now);
    cut(now);
    if (phases_.delivers() && rejected_.has_next(now) &&
        checkpointer_.covers(now, spec_.dead_letter_deadline)) {
      emit(rejected_.next_write(parts_));
    }
    parts_.refresh(now);  // what is settled by now is what is saved
    open();
    while (const auto part = parts_.pop_moved()) {
      checkpointer_.moved(*part);
    }
    if (auto save = checkpointer_.next_save(now)) {
      emit(std::move(*save));
    }
    commit();
    end(now);
  } while (goes_on_ || (phases_.delivers() && parts_.has_chunk()));
}

void Pipeline::emit(Action action) {
  ++under_way_;
  actions_.push_back(std::move(action));
}

std::optional<Action> Pipeline::next_action() {
  return has_action() ? std::optional(actions_.pop_front()) : std::nullopt;
}

std::optional<Action> Pipeline::next_read(Instant now) {
  if (!has_read()) {
    return std::nullopt;
  }
  if (auto read = parts_.take_read(now)) {
    ++under_way_;
    return *read;
  }
  if (parts_.wants_relief()) {
    advance(now);  // batches need not wait to become fuller
  }
  return std::nullopt;
}

void Pipeline::tick(Instant now) {
  bool any = false;
  while (const auto due = common_.timers.pop(now)) {
    take_timer(*due, now);
    any = true;
  }
  if (any) {
    advance(now);
  }
}

void Pipeline::take_timer(const Timers::Due& due, Instant now) {
  const auto part = static_cast<uint32_t>(due.index);
  switch (due.kind) {
    case Timers::Kind::lease:
      return checkpointer_.lease_timer(now);
    case Timers::Kind::open:
      return openings_[due.index].timer();
    case Timers::Kind::discover:
      return parts_.ask_for_parts();
    case Timers::Kind::part:
      return parts_.timer(part, now);
    case Timers::Kind::queue:
      return sinks_[due.index >> 32]->timer(part, now);
    case Timers::Kind::commit:
      return checkpointer_.commit_timer(part);
    case Timers::Kind::until:
      return drain(State::finished, now);
    case Timers::Kind::drain:
      return give_up(now);
    case Timers::Kind::closing:
      return end_now();
    default:
      return;  // advance() looks
  }
}

void Pipeline::signalled(uint32_t part, Instant now) {
  if (phases_.is(Phase::running) && part < parts_.size()) {
    PROBE("part_signalled");
    parts_.signalled(part, now);
  }
}

// Every target is open before the source is touched: a bad target fails first.
void Pipeline::open() {
  if (reading_ended()) {
    return;
  }
  if (checkpointer_.asks_for_lease()) {
    emit(action::TakeLease{});
  }
  if (!checkpointer_.has_lease()) {
    return;
  }
  bool all_open = true;
  for (uint32_t i = 0; i < openings_.size(); ++i) {
    if (openings_[i].asks()) {
      emit(i < sinks_.size() ? Action(action::OpenSink{i}) : action::OpenDeadLetters{});
    }
    all_open = all_open && openings_[i].is_open();
  }
  while (auto question = all_open ? parts_.next_question() : std::nullopt) {
    emit(std::move(*question));
  }
}

void Pipeline::lease_taken(Result<LeaseAndCheckpoint> result, Instant asked_at, Instant now) {
  const Result<> taken = checkpointer_.lease_taken(std::move(result), asked_at, now);
  if (checkpointer_.leaves_lease() && phases_.is(Phase::opening)) {
    phases_.end_as(State::finished, "another run has the lease");
    enter(Phase::failing);
  } else if (taken && checkpointer_.has_lease()) {
    parts_.loaded(checkpointer_.loaded());
    for (const auto& sink : sinks_) {
      sink->barred().load(checkpointer_.loaded().quarantined, sink->spec().name);
    }
  }
  answered(taken, now);
}

void Pipeline::discovered(Result<std::vector<Part>> result, Instant now) {
  const bool found = result.has_value();
  const Result<> taken = parts_.discovered(std::move(result), now);
  if (found && taken && phases_.is(Phase::opening)) {
    enter(Phase::running);
  }
  answered(taken, now);
}

void Pipeline::read_done(uint32_t part, Result<std::unique_ptr<Chunk>> result, Instant now) {
  // What comes too late to be delivered comes again; an error has nothing to stop any more.
  if (!phases_.delivers() || (!result && reading_ended())) {
    result = penstock::fail(Error::Kind::cancelled, "the run ends");
  }
  answered(parts_.read_done(part, std::move(result), now), now);
}

void Pipeline::dispatch(Instant now) {
  while (Chunk* const chunk = phases_.delivers() ? parts_.next_chunk(now) : nullptr) {
    const uint32_t part = chunk->part;
    for (const auto& sink : sinks_) {
      sink->next_round();
    }
    while (const auto index = parts_.next_event(part)) {
      dispatch_event(*chunk, *index, now);
      goes_on_ = true;
    }
  }
}

static const Rejection* rejection_of(const std::vector<Rejection>& rejections, uint32_t index) {
  const auto found = std::ranges::lower_bound(rejections, index, {}, &Rejection::index);
  return found != rejections.end() && found->index == index ? &*found : nullptr;
}

void Pipeline::dispatch_event(Chunk& chunk, uint32_t index, Instant now) {
  if (const Rejection* rejection = rejection_of(chunk.rejections, index)) {
    parts_.cut(chunk.part);
    Ledger::expect(chunk, index);
    const Item item{
        .chunk = &chunk, .index = index, .bytes = 0, .key = chunk.event(index).order_key};
    reject(nullptr, false, item, rejection->error, now);
  } else {
    source_rejections_in_a_row_ = 0;
    for (uint32_t s = 0; s < sinks_.size(); ++s) {
      route(s, chunk, index, now);
    }
  }
  parts_.dispatched(chunk, index);
}

void Pipeline::route(uint32_t s, Chunk& chunk, uint32_t index, Instant now) {
  static const Routes kDefault;
  const Routes& routes = chunk.routes.empty() ? kDefault : chunk.routes[s];
  if (!routes.taken.empty() && routes.taken[index] == 0) {
    return;
  }
  SinkQueue& sink = *sinks_[s];
  const Event& event = chunk.event(index);
  Ledger::expect(chunk, index);
  Item item{.chunk = &chunk,
            .index = index,
            .bytes = static_cast<uint32_t>(event.bytes()),
            .key = routes.keys.empty() ? event.order_key : routes.keys[index]};
  if (const Rejection* rejection = rejection_of(routes.rejections, index)) {
    parts_.cut(chunk.part);
    return reject(&sink, false, item, rejection->error, now);
  }
  item.is_barred = sink.is_barred(event);
  if (!item.is_barred) {
    sink.barred_in_a_row() = 0;
  }
  sink.push(item, parts_.cuts(chunk.part));
}

void Pipeline::cut(Instant now) {
  if (!phases_.delivers()) {
    return;
  }
  const bool flush = phases_.flushes() || parts_.flushes();
  const bool relief = parts_.asks_for_relief();
  for (const auto& sink : sinks_) {
    sink->flush(flush, now);
    sink->relieve(relief, now);
    const bool covered = checkpointer_.covers(now, sink->spec().traits.write_deadline);
    while (auto task = sink->next_write(now, covered)) {
      task->batch.replay = spec_.replay;
      if (sink->spec().traits.folders) {
        task->batch.part = parts_.id(task->items.front().chunk->part);
      }
      emit(action::Write{std::move(task)});
    }
    for (const Item& item : sink->diverted()) {
      PROBE("quarantined_key_follows");
      ++sink->counts().rejected;
      rejected_.bury(item, sink->counts(), "an earlier change of this key was rejected", true);
    }
    sink->diverted().clear();
  }
}

void Pipeline::written(std::unique_ptr<WriteTask> task, Result<std::vector<Failure>> result,
                       Instant now) {
  // As it was told: the phase has ended in which it would be tried again.
  if (is_giving_up_ && !result && result.error().kind == Error::Kind::cancelled) {
    return answered({}, now);
  }
  SinkQueue& sink = *sinks_[task->sink];
  SinkQueue::Answer& answer = sink.written(*task, std::move(result), now);
  for (size_t i = 0; i < answer.outcomes.size(); ++i) {
    if (answer.outcomes[i] == Outcome::durable) {
      parts_.settle(task->items[i]);  // I1
    }
  }
  for (const auto& [item, error] : answer.rejected) {
    sink.rejections_in_a_row() = answer.any_durable ? 0 : sink.rejections_in_a_row();
    reject(&sink, true, item, error, now);
  }
  sink.rejections_in_a_row() = answer.any_durable ? 0 : sink.rejections_in_a_row();
  if (answer.stop && !is_giving_up_) {
    fail(std::move(*answer.stop), now);
  }
  sink.keep(std::move(task));  // before a pause for want of room: its blocks are free
  answered({}, now);
}

// `by`: null for decoding and transforms. The event stays open until it is in the dead letters or
// dropped; where it stops the pipeline, the position stays before it.
void Pipeline::reject(SinkQueue* by, bool was_written, const Item& item, const Error& error,
                      Instant now) {
  SinkStatus& counts = by != nullptr ? by->counts() : source_counts_;
  ++counts.rejected;
  uint32_t& in_a_row = by == nullptr ? source_rejections_in_a_row_
                       : was_written ? by->rejections_in_a_row()
                                     : by->barred_in_a_row();
  const OnReject on_reject = by != nullptr ? by->spec().on_reject : spec_.source_on_reject;
  const std::string what = fmt::format("{} {}: {}: {}", by != nullptr ? "sink" : "source",
                                       by != nullptr ? counts.name : spec_.source_name,
                                       describe(item.event()), error.what);
  if (++in_a_row >= spec_.limits.rejections_in_a_row) {
    PROBE("rejections_in_a_row");
    return fail(
        fmt::format("{} events rejected in a row without a success; the last: {}", in_a_row, what),
        now);
  }
  if (std::has_single_bit(counts.rejected) && on_reject != OnReject::stop) {
    common_.notices.push_back(
        {Log::Level::warn, fmt::format("{} rejected so far, the last: {}", counts.rejected, what)});
  }
  switch (on_reject) {
    case OnReject::stop:
      return fail(what + (spec_.replay ? "" : kGoOnWithoutIt), now);
    case OnReject::drop:
      ++counts.dropped;
      return parts_.settle(item);
    case OnReject::quarantine:
      for (const auto& each : sinks_) {
        if (by == nullptr || by == each.get()) {
          quarantine(*each, was_written, item, now);
        }
      }
      [[fallthrough]];
    case OnReject::dead_letter:
      PROBE(by != nullptr ? "dead_letter" : "dead_letter_at_source");
      return rejected_.bury(item, counts, error.what,
                            on_reject == OnReject::quarantine && !item.event().order_key.is_zero());
  }
}

void Pipeline::quarantine(SinkQueue& sink, bool was_written, const Item& item, Instant now) {
  const Event& event = item.event();
  const bool is_known = sink.is_barred(event) || sink.quarantined().contains(event);
  QuarantineSet& set = was_written ? sink.quarantined() : sink.barred();
  if (set.insert(event) && !is_known) {
    check(checkpointer_.quarantine(quarantined_at(sink.spec().name, event)), now);
  }
}

void Pipeline::letters_written(const Result<>& result, Instant now) {
  std::vector<Letter> durable;
  const Result<> answer = rejected_.written(result, now, durable);
  for (const Letter& letter : durable) {
    ++letter.at->dead_letters;
    parts_.settle(letter.item);  // I1
  }
  answered(answer, now);
}

}  // namespace penstock::engine
