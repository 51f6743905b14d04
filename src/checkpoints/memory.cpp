#include "checkpoints/memory.h"

namespace penstock {

Result<std::unique_ptr<CheckpointStore>> MemoryCheckpoints::make(Settings, const Context&) {
  return std::make_unique<MemoryCheckpoints>();
}

Result<Lease> MemoryCheckpoints::lease(Stop) {
  return Lease{.epoch = ++epoch_, .life = std::nullopt};
}

Result<std::optional<Checkpoint>> MemoryCheckpoints::load(Stop) {
  return saved_;
}

Result<> MemoryCheckpoints::save(const Changes& changes, Stop) {
  if (!saved_) {
    saved_.emplace();
  }
  saved_->epoch = epoch_;
  apply(changes, *saved_);
  return {};
}

Result<> MemoryCheckpoints::reset(Stop) {
  saved_.reset();
  return {};
}

}  // namespace penstock
