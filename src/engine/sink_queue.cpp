// The queues of a sink, and when one writes; sink_answer.cpp takes the answers.
#include "engine/sink_queue.h"

#include <algorithm>
#include <bit>

#include "base/probe.h"
#include "engine/folder.h"
#include "engine/lane.h"

namespace penstock::engine {

SinkQueue::SinkQueue(Common& common, uint32_t index)
    : spec_(common.spec.sinks[index]),
      index_(index),
      timers_(common.timers),
      random_(common.random),
      slots_(std::max(1U, spec_.lanes)),
      quarantined_({.hash_key = common.spec.hash_key, .folders = spec_.traits.folders}),
      barred_({.hash_key = common.spec.hash_key, .folders = spec_.traits.folders}),
      outage_(common, spec_.retry, {Timers::Kind::sink, index}, "sink " + spec_.name) {
  counts_.name = spec_.name;
  for (uint32_t slot = 0; !spec_.traits.folders && slot < slots_.size(); ++slot) {
    open_queue(slot);
  }
}

uint32_t SinkQueue::open_queue(uint32_t slot) {
  if (free_queues_.empty()) {
    free_queues_.push_back(static_cast<uint32_t>(queues_.size()));
    queues_.emplace_back();
  }
  const uint32_t queue = free_queues_.pop_front();
  Entry& entry = queues_[queue];
  entry.slot = slot;
  if (spec_.traits.folders) {
    entry.queue = std::make_unique<Folder>(spec_, quarantined_, failing_, random_.next());
  } else {
    entry.queue = std::make_unique<Lane>(spec_, quarantined_, failing_, random_.next());
  }
  return queue;
}

// A lake has many folders open and few writes in flight. A folder of a part always has the same
// slot, because the sink keeps by slot what it knows of a folder.
uint32_t SinkQueue::queue_for(const Item& item, uint32_t cuts) {
  if (!spec_.traits.folders) {
    return static_cast<uint32_t>((item.key.is_zero() ? round_robin_ : item.key.high) %
                                 slots_.size());
  }
  const uint32_t part = item.chunk->part;
  folders_.resize(std::max<size_t>(folders_.size(), part + 1));
  if (const auto found = folders_[part].find(item.key); found != folders_[part].end()) {
    return found->second;
  }
  if (queues_.size() - free_queues_.size() >= spec_.open_folders_max) {
    PROBE("open_object_cut_for_another");
    cut_fullest(item.chunk->arrived);
  }
  const uint32_t queue = open_queue(static_cast<uint32_t>(item.key.high % slots_.size()));
  queues_[queue].folder = item.key;
  queues_[queue].part = part;
  queues_[queue].cuts = cuts;
  folders_[part].emplace(item.key, queue);
  return queue;
}

void SinkQueue::push(Item item, uint32_t cuts) {
  const uint32_t queue = queue_for(item, cuts);
  Entry& entry = queues_[queue];
  // An object never spans an event that was rejected, or two generations: after a restart its name
  // would cover what is not in it.
  item.is_cut = std::exchange(entry.cuts, cuts) != cuts;
  entry.queue->push(item);
  touched_.push(queue);
}

void SinkQueue::consider_touched(Instant now) {
  while (const auto queue = touched_.pop()) {
    consider(*queue, now, is_flushing_);
    Entry& entry = queues_[*queue];
    if (spec_.traits.folders && entry.queue->queued() == 0 && !entry.is_listed) {
      folders_[entry.part].erase(entry.folder);
      entry = {};  // its level is 0
      free_queues_.push_back(*queue);
    }
  }
}

void SinkQueue::consider(uint32_t queue, Instant now, bool flush) {
  Entry& entry = queues_[queue];
  if (entry.queue == nullptr) {
    return;
  }
  if (!entry.is_listed) {
    const Instant at = entry.queue->ready_at(now, flush);
    if (at <= now) {
      entry.is_listed = true;
      slots_[entry.slot].push_back(queue);
      if (slots_[entry.slot].size() == 1) {
        ready_slots_.push_back(entry.slot);
      }
    } else if (at != Instant::never()) {
      timers_.arm(Timers::Kind::queue, uint64_t{index_} << 32 | queue, at);
    }
  }
  const bool could_be_cut = !entry.is_listed && entry.queue->ready_at(now, true) <= now;
  const uint64_t size = could_be_cut ? entry.queue->queued() : 0;
  levels_.set(queue, static_cast<uint32_t>(std::bit_width(size)));
}

void SinkQueue::next_of(uint32_t slot) {
  queues_[slots_[slot].pop_front()].is_listed = false;
  if (!slots_[slot].empty()) {
    ready_slots_.push_back(slot);
  }
}

// One of the fullest: none has twice as many events.
bool SinkQueue::cut_fullest(Instant now) {
  if (levels_.empty() || levels_.last().value == 0) {
    return false;
  }
  consider(levels_.last().owner, now, true);
  return true;
}

void SinkQueue::flush(bool on, Instant now) {
  if (on && !is_flushing_) {
    for (uint32_t queue = 0; queue < queues_.size(); ++queue) {
      consider(queue, now, true);
    }
  }
  is_flushing_ = on;
}

void SinkQueue::relieve(bool asked, Instant now) {
  relief_due_ = relief_due_ || asked;
  if (!relief_due_ || writes_ > 0) {
    return;
  }
  relief_due_ = false;
  consider_touched(now);
  if (cut_fullest(now)) {
    PROBE("lane_cut_for_room");
  }
}

bool SinkQueue::may_write(Instant now, bool covered) {
  if (!covered) {
    PROBE("write_waits_for_lease");
    return false;  // the next save renews it, or ends the pipeline
  }
  const Instant at = std::max(paced_until_, paused_until_);
  if (at > now) {
    timers_.arm(Timers::Kind::sink, index_, at);
    return false;
  }
  return !is_broken_ || writes_ == 0;
}

std::unique_ptr<WriteTask> SinkQueue::next_write(Instant now, bool covered) {
  while (true) {
    consider_touched(now);
    if (ready_slots_.empty() || !may_write(now, covered)) {
      return nullptr;
    }
    const uint32_t slot = ready_slots_.pop_front();
    const uint32_t queue = slots_[slot].front();
    queues_[queue].queue->take(now, is_flushing_, is_broken_, taken_);
    touched_.push(queue);
    if (!taken_.batch.empty()) {
      return begin(queue, now);
    }
    next_of(slot);
  }
}

std::unique_ptr<WriteTask> SinkQueue::begin(uint32_t queue, Instant now) {
  auto task = spare_ != nullptr ? std::move(spare_) : std::make_unique<WriteTask>();
  task->sink = index_;
  task->queue = queue;
  task->items.swap(taken_.batch);
  task->started = now;
  task->is_probe = is_broken_;
  task->batch.slot = queues_[queue].slot;
  task->batch.deadline = now + spec_.traits.write_deadline;
  task->batch.events.reserve(task->items.size());
  const Chunk* last = nullptr;
  for (const Item& item : task->items) {
    if (item.chunk != last) {
      last = item.chunk;
      task->blocks.push_back(item.chunk->block);
    }
    task->batch.events.push_back(&item.event());
  }
  ++writes_;
  if (spec_.rate > 0) {  // what a second did not use, the next one may
    const std::chrono::duration<double> worth(static_cast<double>(task->items.size()) / spec_.rate);
    paced_until_ = std::max(paced_until_, now - 1s) + std::chrono::duration_cast<Duration>(worth);
  }
  return task;
}

void SinkQueue::keep(std::unique_ptr<WriteTask> task) {
  task->items.clear();
  task->batch.events.clear();
  task->blocks.clear();
  spare_ = std::move(task);
}

}  // namespace penstock::engine
