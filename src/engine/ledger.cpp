#include "engine/ledger.h"

#include <algorithm>

#include "base/check.h"
#include "base/probe.h"
#include "core/copy_event.h"

namespace penstock::engine {

namespace {

constexpr size_t kCopyMin = 512;
constexpr size_t kCopyMax = size_t{4} << 10;

size_t memory_of(const Chunk& chunk) {
  size_t bytes = sizeof(Chunk) + chunk.pending.capacity() * sizeof(uint16_t) +
                 chunk.kept.capacity() * sizeof(uint32_t) +
                 chunk.rejections.capacity() * sizeof(Rejection);
  for (const Routes& routes : chunk.routes) {
    bytes += sizeof(Routes) + routes.keys.capacity() * sizeof(OrderKey) + routes.taken.capacity() +
             routes.rejections.capacity() * sizeof(Rejection);
  }
  if (chunk.block != nullptr) {
    bytes += chunk.block->arena.pinned() + chunk.block->events.capacity() * sizeof(Event);
  }
  return bytes;
}

}  // namespace

uint32_t Chunk::slot_of_kept(uint32_t index) const {
  const auto found = std::lower_bound(kept.begin(), kept.end(), index);
  CHECK(found != kept.end());
  CHECK(*found == index);
  return static_cast<uint32_t>(found - kept.begin());
}

Ledger::~Ledger() {
  while (first_ != nullptr) {  // one by one: a long list would recurse
    first_ = std::move(first_->after);
  }
}

void Ledger::count(Chunk& chunk) {
  pinned_bytes_ -= chunk.pinned_bytes;
  chunk.pinned_bytes = memory_of(chunk);
  pinned_bytes_ += chunk.pinned_bytes;
}

Chunk* Ledger::add(std::unique_ptr<Chunk> chunk) {
  Chunk& added = *chunk;
  added.events = static_cast<uint32_t>(added.block->events.size());
  added.rejections = std::move(added.block->rejections);
  added.pending.assign(added.events, 1);
  added.open = added.events;
  for (const Event& event : added.block->events) {
    added.open_bytes += event.bytes();
    newest_read_ = std::max(newest_read_, event.at);
  }
  read_ += added.events;
  open_ += added.events;
  added.before = last_;
  (last_ == nullptr ? first_ : last_->after) = std::move(chunk);
  last_ = &added;
  ++chunks_;
  ++changes_;
  if (added.events == 0) {
    release(added);
    return nullptr;
  }
  count(added);
  return &added;
}

void Ledger::dispatched(Chunk& chunk) {
  chunk.routes = {};
  chunk.rejections = {};
  count(chunk);
}

bool Ledger::settle(Chunk& chunk, uint32_t index) {
  const uint32_t slot = chunk.slot(index);
  CHECK(chunk.pending[slot] > 0);  // I2: an event is settled once
  if (--chunk.pending[slot] > 0) {
    return false;
  }
  const Event& event = chunk.block->events[slot];
  chunk.open_bytes -= std::min(chunk.open_bytes, event.bytes());
  newest_settled_ = std::max(newest_settled_, event.at);
  --chunk.open;
  --open_;
  ++changes_;
  moved_ = moved_ || (chunk.before == nullptr && slot == chunk.prefix);
  if (chunk.open == 0) {
    release(chunk);
  }
  return true;
}

std::optional<Timestamp> Ledger::oldest_open() const {
  const Chunk* chunk = first_.get();
  while (chunk != nullptr && chunk->open == 0) {
    chunk = chunk->after.get();  // at most one: settled neighbours are merged
  }
  if (chunk == nullptr) {
    return std::nullopt;
  }
  const auto first = std::find_if(chunk->pending.begin() + chunk->prefix, chunk->pending.end(),
                                  [](uint16_t count) { return count > 0; });
  return chunk->block->events[static_cast<size_t>(first - chunk->pending.begin())].at;
}

// Every event of it is settled: only its place in the order is left.
void Ledger::release(Chunk& chunk) {
  chunk.block.reset();
  chunk.routes = {};
  chunk.rejections = {};
  chunk.pending = {};
  chunk.kept = {};
  chunk.prefix = 0;
  count(chunk);
  moved_ = moved_ || chunk.before == nullptr;
  if (chunk.after != nullptr && chunk.after->open == 0) {
    merge_into_before(*chunk.after);
  }
  if (chunk.before != nullptr && chunk.before->open == 0) {
    merge_into_before(chunk);
  }
}

void Ledger::merge_into_before(Chunk& chunk) {
  Chunk& before = *chunk.before;
  before.events += chunk.events;
  before.read.position = std::move(chunk.read.position);
  pinned_bytes_ -= chunk.pinned_bytes;
  --chunks_;
  std::unique_ptr<Chunk> gone = std::move(before.after);
  before.after = std::move(gone->after);
  (before.after == nullptr ? last_ : before.after->before) = &before;
}

bool Ledger::advance() {
  if (!std::exchange(moved_, false)) {
    return false;
  }
  const uint64_t settled_before = settled();
  bool passed = false;
  while (first_ != nullptr && first_->open == 0) {
    passed_ = std::move(first_->read.position);
    passed = true;
    settled_ += first_->events;
    pinned_bytes_ -= first_->pinned_bytes;
    --chunks_;
    first_ = std::move(first_->after);
    (first_ == nullptr ? last_ : first_->before) = nullptr;
  }
  prefix_ = 0;
  if (first_ != nullptr) {
    Chunk& chunk = *first_;
    while (chunk.pending[chunk.prefix] == 0) {
      ++chunk.prefix;  // stops at an open event: there is one
    }
    prefix_ = chunk.kept.empty() ? chunk.prefix : chunk.kept[chunk.prefix];
  }
  CHECK(settled() >= settled_before);  // I2
  return passed || settled() > settled_before;
}

std::optional<Ledger::Safe> Ledger::safe(const PositionBefore& position_before) {
  if (prefix_ > 0 && first_->open > 0 && position_before) {
    const Event& open = first_->block->events[first_->prefix];
    if (!open.order.empty()) {
      if (auto position = position_before(first_->read.position, open.order)) {
        inside_ = Safe{settled(), std::move(*position)};
      }
    }
  }
  if (inside_ && inside_->events > settled_) {
    return inside_;
  }
  return passed_ ? std::optional(Safe{settled_, *passed_}) : std::nullopt;
}

void Ledger::compact() {
  if (changes_ < chunks_) {
    return;
  }
  changes_ = 0;
  for (Chunk* chunk = first_.get(); chunk != nullptr; chunk = chunk->after.get()) {
    const size_t needed =
        sizeof(Chunk) + kCopyMax + chunk->open_bytes + chunk->open * sizeof(Event);
    if (chunk->open > 0 && needed * 4 < chunk->pinned_bytes) {
      compact(*chunk);
    }
  }
}

void Ledger::compact(Chunk& chunk) {
  PROBE("chunk_compacted");
  const size_t size = std::clamp(chunk.open_bytes, kCopyMin, kCopyMax);
  auto block = std::make_shared<EventBlock>(size);
  std::vector<uint16_t> pending;
  std::vector<uint32_t> kept;
  block->events.reserve(chunk.open);
  pending.reserve(chunk.open);
  kept.reserve(chunk.open);
  for (uint32_t slot = chunk.prefix; slot < chunk.pending.size(); ++slot) {
    if (chunk.pending[slot] > 0) {
      block->events.push_back(copy_event(chunk.block->events[slot], block->arena));
      pending.push_back(chunk.pending[slot]);
      kept.push_back(chunk.kept.empty() ? slot : chunk.kept[slot]);
    }
  }
  chunk.block = std::move(block);
  chunk.pending = std::move(pending);
  chunk.kept = std::move(kept);
  chunk.prefix = 0;
  count(chunk);
}

}  // namespace penstock::engine
