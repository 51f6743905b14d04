#include "engine/ledger.h"

#include <algorithm>

#include "base/check.h"
#include "base/mutation.h"
#include "core/copy_event.h"

namespace penstock::engine {

namespace {

size_t memory_of(const EventBlock& block) {
  return block.arena.pinned() + block.events.capacity() * sizeof(Event);
}

}  // namespace

const Event& Chunk::event(uint32_t index) const {
  if (kept.empty()) [[likely]] {
    return block->events[index];
  }
  const auto found = std::lower_bound(kept.begin(), kept.end(), index);
  CHECK(found != kept.end());
  CHECK(*found == index);
  return block->events[static_cast<size_t>(found - kept.begin())];
}

Chunk& Ledger::add(std::unique_ptr<Chunk> chunk) {
  Chunk& added = *chunk;
  added.events = static_cast<uint32_t>(added.block->events.size());
  added.pending.assign(added.events, 1);
  added.open = added.events;
  for (const Event& event : added.block->events) {
    added.open_bytes += event.bytes();
    newest_read_ = std::max(newest_read_, event.at);
  }
  added.pinned_bytes = memory_of(*added.block);
  pinned_bytes_ += added.pinned_bytes;
  read_ += added.events;
  open_ += added.events;
  chunks_.push_back(std::move(chunk));
  if (added.events == 0) {
    release(added);
  }
  return added;
}

bool Ledger::settle(Chunk& chunk, uint32_t index) {
  CHECK(chunk.pending[index] > 0);  // I2: an event is settled once
  if (--chunk.pending[index] > 0) {
    return false;
  }
  chunk.open_bytes -= std::min(chunk.open_bytes, chunk.event(index).bytes());
  newest_settled_ = std::max(newest_settled_, chunk.event(index).at);
  --chunk.open;
  --open_;
  ++held_slots_;
  if (chunk.open == 0) {
    release(chunk);
  }
  return true;
}

std::optional<Timestamp> Ledger::oldest_open() const {
  const auto chunk = std::ranges::find_if(chunks_, [](const auto& c) { return c->open > 0; });
  if (chunk == chunks_.end()) {
    return std::nullopt;
  }
  const auto& pending = (*chunk)->pending;
  const auto first = std::ranges::find_if(pending, [](uint16_t count) { return count > 0; });
  return (*chunk)->event(static_cast<uint32_t>(first - pending.begin())).at;
}

void Ledger::release(Chunk& chunk) {
  pinned_bytes_ -= chunk.pinned_bytes;
  chunk.pinned_bytes = 0;
  chunk.block.reset();
  chunk.routes = {};
  chunk.pending = {};
  chunk.kept = {};
}

std::optional<Position> Ledger::take_safe_position() {
  std::optional<Position> position;
  while (!chunks_.empty() && chunks_.front()->open == 0) {
    position = std::move(chunks_.front()->read.position);
    settled_ += chunks_.front()->events;
    held_slots_ -= chunks_.front()->events;
    chunks_.pop_front();
  }
  if (mutated("position_off_by_one") && !chunks_.empty() && chunks_.front()->open == 1) {
    position = chunks_.front()->read.position;
  }
  if (mutated("save_past_hole")) {
    for (const auto& chunk : chunks_) {
      if (chunk->open == 0) {
        position = chunk->read.position;
      }
    }
  }
  return position;
}

void Ledger::compact() {
  for (const auto& chunk : chunks_) {
    if (chunk->open > 0 && chunk->open_bytes * 4 < chunk->pinned_bytes &&
        chunk->open * 4 < chunk->block->events.size()) {
      compact(*chunk);
    }
  }
}

void Ledger::compact(Chunk& chunk) {
  PROBE("chunk_compacted");
  auto block = std::make_shared<EventBlock>(size_t{4} << 10);
  std::vector<uint32_t> kept;
  block->events.reserve(chunk.open);
  kept.reserve(chunk.open);
  for (uint32_t i = 0; i < chunk.events; ++i) {
    if (chunk.pending[i] > 0) {
      block->events.push_back(copy_event(chunk.event(i), block->arena));
      kept.push_back(i);
    }
  }
  chunk.block = std::move(block);
  chunk.kept = std::move(kept);
  pinned_bytes_ -= chunk.pinned_bytes;
  chunk.pinned_bytes = memory_of(*chunk.block);
  pinned_bytes_ += chunk.pinned_bytes;
}

}  // namespace penstock::engine
