// MemoryCheckpoints: the checkpoint of one pipeline, for as long as the process lives. Owned by the
// pipeline; one thread at a time.
#pragma once

#include <memory>

#include "config/fields.h"
#include "core/checkpoint_store.h"
#include "core/context.h"

namespace penstock {

class MemoryCheckpoints final : public CheckpointStore {
 public:
  struct Settings {
    void fields(config::FieldVisitor&) {}
  };
  static Result<std::unique_ptr<CheckpointStore>> make(Settings settings, const Context& context);

  Result<Lease> lease(Stop stop) override;
  Result<std::optional<Checkpoint>> load(Stop stop) override;
  Result<> save(const Changes& changes, Stop stop) override;
  Result<> release(Stop) override { return {}; }
  Result<> reset(Stop stop) override;

 private:
  uint64_t epoch_ = 0;
  std::optional<Checkpoint> saved_;
};

}  // namespace penstock
