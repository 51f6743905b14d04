// Assembly: a pipeline built from its configuration: the components and the PipelineSpec.
// Owned by the runner, which lends the components to its threads.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/checkpoint_store.h"
#include "core/codec.h"
#include "core/dead_letter.h"
#include "core/sink.h"
#include "core/source.h"
#include "core/transform.h"
#include "engine/spec.h"

namespace penstock::engine {

struct BuiltSink {
  std::unique_ptr<Sink> sink;  // encoding is the sink's own: it was made with its encoder
  std::function<bool(const Event&)> when;  // empty: takes every event
};

struct Assembly {
  PipelineSpec spec;
  std::unique_ptr<Source> source;
  std::unique_ptr<Decoder> decoder;  // may be null: the source gives events
  std::vector<std::unique_ptr<Transform>> transforms;
  std::vector<BuiltSink> sinks;                  // as spec.sinks
  std::unique_ptr<CheckpointStore> checkpoint;   // may be null
  std::unique_ptr<DeadLetterStore> dead_letter;  // may be null
};

}  // namespace penstock::engine
