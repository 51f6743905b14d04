// Plan: a pipeline file after all of it was checked and before anything is built: which entry of
// the registry each component is, with its settings and what stands beside them. Points into the
// file's Node copies of its own and into the Registry, which outlives it. One thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/registry.h"
#include "pipeline_file/file_fields.h"

namespace penstock::pipeline_file {

template <class T>
struct ComponentPlan {
  const Entry<T>* entry = nullptr;  // null: not known
  std::string connector;            // its key in the file
  config::Node settings;
  bool enabled = true;
  config::Mark mark;
};

struct FormatPlan {
  std::string name;
  config::Node options;
  config::Mark mark;
};

struct SourcePlan {
  ComponentPlan<Source> component;
  SourceFields shared;
  std::optional<FormatPlan> format;
};

struct SinkPlan {
  ComponentPlan<Sink> component;
  SinkFields shared;
  std::optional<FormatPlan> format;
};

struct TransformPlan {
  ComponentPlan<Transform> component;
  TransformFields shared;
};

struct Plan {
  std::string name;
  SourcePlan source;
  std::vector<TransformPlan> transforms;                      // the enabled ones
  std::vector<SinkPlan> sinks;                                // the enabled ones
  std::optional<ComponentPlan<CheckpointStore>> checkpoint;   // absent: none, or none enabled
  std::optional<ComponentPlan<DeadLetterStore>> dead_letter;  // likewise
  EveryFields every;
  LimitsFields limits;
  bool read_events_given = false;
  bool read_bytes_given = false;
  UntilFields until;
  std::vector<std::string> warnings;
};

// All problems of the file in one error.
Result<Plan> make_plan(const config::Node& file, const Registry& registry);

}  // namespace penstock::pipeline_file
