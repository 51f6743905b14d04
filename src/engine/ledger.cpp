#include "engine/ledger.h"

#include <algorithm>

#include "base/check.h"
#include "base/probe.h"
#include "core/copy_event.h"

namespace penstock::engine {

namespace {

constexpr size_t kCopyMin = 512;
constexpr size_t kCopyMax = size_t{4} << 10;

size_t copy_size(const Chunk& chunk) {  // of the first piece of its arena, once it is compacted
  return std::clamp(chunk.open_bytes, kCopyMin, kCopyMax);
}

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

void Ledger::count(Chunk& chunk) {
  pinned_bytes_ -= chunk.pinned_bytes;
  chunk.pinned_bytes = memory_of(chunk);
  pinned_bytes_ += chunk.pinned_bytes;
}

Chunk* Ledger::add(std::unique_ptr<Chunk> chunk) {
  Chunk& added = *chunk;
  added.events = static_cast<uint32_t>(added.block->events.size());
  ++changes_;
  if (added.events == 0) {
    pass(chunks_.empty() ? nullptr : chunks_.back().get(), 0, std::move(added.read.position));
    return nullptr;
  }
  added.rejections = std::move(added.block->rejections);
  added.pending.assign(added.events, 1);
  added.open = added.events;
  for (const Event& event : added.block->events) {
    added.open_bytes += event.bytes();
    newest_read_ = std::max(newest_read_, event.at);
  }
  read_ += added.events;
  open_ += added.events;
  added.place = chunks_.insert(chunks_.end(), std::move(chunk));
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
  moved_ = moved_ || (chunk.place == chunks_.begin() && slot == chunk.prefix);
  if (chunk.open == 0) {
    release(chunk);
  }
  return true;
}

// These events behind that chunk are settled; null: behind all that is gone.
void Ledger::pass(Chunk* before, uint64_t events, Position position) {
  if (before != nullptr) {
    before->passed_events += events;
    before->passed = std::move(position);
    return;
  }
  settled_ += events;
  safe_ = Safe{settled_, std::move(position)};
  moved_ = true;
}

// Every event of it is settled.
void Ledger::release(Chunk& chunk) {
  Chunk* const before = chunk.place == chunks_.begin() ? nullptr : std::prev(chunk.place)->get();
  const std::unique_ptr<Chunk> gone = std::move(*chunk.place);
  chunks_.erase(gone->place);
  pinned_bytes_ -= gone->pinned_bytes;
  pass(before, gone->events + gone->passed_events,
       std::move(gone->passed ? *gone->passed : gone->read.position));
}

bool Ledger::advance() {
  if (!std::exchange(moved_, false)) {
    return false;
  }
  if (!chunks_.empty()) {
    Chunk& first = *chunks_.front();
    while (first.pending[first.prefix] == 0) {
      ++first.prefix;  // stops at an open event: there is one
    }
  }
  return true;
}

const std::optional<Ledger::Safe>& Ledger::safe(const PositionBefore& position_before) {
  if (position_before && settled() > settled_ && (!safe_ || safe_->events < settled())) {
    const Chunk& first = *chunks_.front();
    const Event& open = first.block->events[first.prefix];
    if (!open.order.empty()) {
      if (auto position = position_before(first.read.position, open.order)) {
        safe_ = Safe{settled(), std::move(*position)};
      }
    }
  }
  return safe_;
}

void Ledger::compact() {
  if (changes_ < chunks_.size()) {
    return;
  }
  changes_ = 0;
  for (const auto& chunk : chunks_) {
    const size_t needed =
        sizeof(Chunk) + copy_size(*chunk) + chunk->open_bytes + chunk->open * sizeof(Event);
    if (needed * 4 < chunk->pinned_bytes) {
      compact(*chunk);
    }
  }
}

void Ledger::compact(Chunk& chunk) {
  PROBE("chunk_compacted");
  auto block = std::make_shared<EventBlock>(copy_size(chunk));
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
