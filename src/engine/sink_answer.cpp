// What a sink said to a write: event by event, and whether the sink works at all.
#include <fmt/core.h>

#include <algorithm>

#include "base/probe.h"
#include "core/failures.h"
#include "engine/sink_queue.h"

namespace penstock::engine {

constexpr uint32_t kFailuresToBreak = 2;  // writes in a row of which nothing was taken
constexpr uint32_t kPoisonMax = 64;       // and of keys that have failed before
constexpr Duration kProbeEvery = 1s;      // at the most: it is seen within it that the sink works
// While there are keys that were never tried: they may be the ones that it takes.
constexpr Duration kNewProbeEvery = 250ms;
constexpr Duration kPauseMax = 1h;  // that a sink may ask for

SinkQueue::Answer& SinkQueue::written(const WriteTask& task, Result<std::vector<Failure>> result,
                                      Instant now) {
  answer_.outcomes.clear();
  answer_.rejected.clear();
  answer_.any_durable = false;
  answer_.stop.reset();
  --writes_;
  next_of(task.batch.slot);
  if (!result && reaction_to(result.error().kind) == Reaction::reject && task.items.size() > 1) {
    queues_[task.queue].queue->bisect(task.items);
    works(now);
  } else if (const auto flaw = result ? flaw_of(*result, task.items.size()) : std::nullopt) {
    answer_.stop = fmt::format("sink {}: {}", spec_.name, *flaw);
  } else {
    take_answer(task, result, now);
  }
  counts_.add_write(now - task.started, answer_.any_durable);
  if (outage_.since() || !failing_.empty()) {
    outage_.failing(failing_since(), now);
  }
  touched_.push(task.queue);
  return answer_;
}

void SinkQueue::take_answer(const WriteTask& task, const Result<std::vector<Failure>>& result,
                            Instant now) {
  std::vector<Outcome>& outcomes = answer_.outcomes;
  outcomes.assign(task.items.size(), Outcome::durable);
  std::optional<Duration> asked;
  const auto take = [&](uint32_t index, const Error& error) {
    const Reaction reaction = reaction_to(error.kind);
    const bool is_rejected = reaction == Reaction::reject;
    outcomes[index] = is_rejected ? Outcome::rejected : Outcome::failed;
    if (is_rejected) {
      answer_.rejected.emplace_back(task.items[index], error);
      return;
    }
    if (reaction != Reaction::retry) {
      answer_.stop = fmt::format("sink {}: {}", spec_.name, error.what);
    }
    ++counts_.retries;
    outage_.set_error(error.what);
    asked = std::max(asked, error.retry_after);
  };
  if (result) {
    for (const Failure& failure : *result) {
      take(failure.index, failure.error);
    }
  } else {
    for (uint32_t i = 0; i < task.items.size(); ++i) {
      take(i, result.error());
    }
  }
  if (!answer_.rejected.empty()) {
    find_held_back(task.items);
  }
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i] == Outcome::durable) {
      ++counts_.events;
      counts_.bytes += task.items[i].bytes;
      answer_.any_durable = true;
    }
  }
  const auto finished = queues_[task.queue].queue->finish(now, task.items, outcomes, asked);
  if (finished.exhausted != nullptr) {
    give_up(*finished.exhausted);
  }
  const bool took_something = answer_.any_durable || !answer_.rejected.empty();
  if (took_something) {
    works(now);
  }
  if (asked > Duration{0}) {
    PROBE("sink_asks_for_a_pause");
    asked_until_ = std::max(asked_until_, now + std::min(*asked, kPauseMax));
    paused_until_ = std::max(paused_until_, asked_until_);
  }
  if (!took_something) {
    took_nothing(task, finished.failed_before && asked <= Duration{0}, now);
  }
}

// A sink that keeps order writes nothing of a key behind a rejected event of it.
void SinkQueue::find_held_back(const std::vector<Item>& items) {
  rejected_keys_.start(answer_.rejected.size());
  for (size_t i = 0; i < items.size(); ++i) {
    const OrderKey& key = items[i].event().order_key;
    if (answer_.outcomes[i] == Outcome::rejected && !key.is_zero()) {
      rejected_keys_.insert(key);
    } else if (answer_.outcomes[i] == Outcome::failed && rejected_keys_.contains(key)) {
      PROBE("held_back_behind_rejected");
      answer_.outcomes[i] = Outcome::held_back;
    }
  }
}

void SinkQueue::give_up(const Item& item) {
  if (!answer_.stop) {
    answer_.stop = fmt::format("sink {}: retries used up at {}: {}", spec_.name,
                               describe(item.event()), outage_.error());
  }
}

void SinkQueue::retry_all(Instant now) {
  for (uint32_t queue = 0; queue < queues_.size(); ++queue) {
    if (queues_[queue].queue != nullptr) {
      queues_[queue].queue->retry_now(now);
      touched_.push(queue);
    }
  }
}

void SinkQueue::works(Instant now) {
  failed_in_a_row_ = poison_in_a_row_ = 0;
  probes_failed_ = 0;
  if (std::exchange(is_broken_, false)) {
    PROBE("sink_recovers");
    paused_until_ = asked_until_;  // a write that was under way does not end what it asked for
    retry_all(now);
  }
}

// A key that fails again while others succeed is not the sink's trouble.
void SinkQueue::took_nothing(const WriteTask& task, bool failed_before, Instant now) {
  if (failed_before && !is_broken_ && failed_in_a_row_ == 0 && ++poison_in_a_row_ < kPoisonMax) {
    PROBE("poison_key_does_not_pause_sink");
    return;
  }
  ++failed_in_a_row_;
  if (!is_broken_) {
    if (failed_in_a_row_ < kFailuresToBreak && paused_until_ <= now) {
      return;
    }
    PROBE("sink_breaks");
    is_broken_ = true;
    probes_failed_ = 1;
    retry_all(now);  // from here on the probes set the pace
  } else if (task.is_probe) {
    ++probes_failed_;
  }
  queues_[task.queue].queue->retry_now(now);
  const Duration wait = std::min(backoff(spec_.retry, probes_failed_, {}, random_),
                                 failed_before ? kProbeEvery : kNewProbeEvery);
  paused_until_ = std::max(paused_until_, now + wait);
  if (outage_.since() && exhausted(spec_.retry, probes_failed_, *outage_.since(), now)) {
    give_up(task.items.front());
  }
}

}  // namespace penstock::engine
