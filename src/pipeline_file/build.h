// build, check: one pipeline file, loaded and substituted, to an Assembly that a Runner executes.
// Called at start, on the main thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/load.h"
#include "config/node.h"
#include "core/context.h"
#include "core/registry.h"
#include "engine/assembly.h"

namespace penstock::pipeline_file {

struct BuildOptions {
  bool once = false;  // `--once`: until.caught_up, and the file's until.events and until.deadline
  bool read_secrets = true;         // false: the keys of `tls` are not looked at
  config::LoadOptions values = {};  // for those that are read again when a server refuses them
};

struct Built {
  engine::Assembly assembly;
  std::vector<std::string> warnings;  // for the log, one sentence each
};

// Makes every enabled component, of which no value may be withheld. `base`: its `where` and
// `encoder` are replaced for each component, and its seed is spread over them.
Result<Built> build(const config::Node& file, const Registry& registry, const Context& base,
                    const BuildOptions& options);

struct ReplayOptions {
  std::string sink;  // where the dead letters failed; "": in decoding and transforms
  std::unique_ptr<Source> source;
};

// The pipeline for dead letters on their way back: their source, and the sink they failed at; or,
// where they failed before any sink, the pipeline's decoding, transforms and all sinks. It stops at
// the first that is rejected again. Without checkpoint: the caller holds the pipeline's lease.
Result<Built> build_replay(const config::Node& file, const Registry& registry, const Context& base,
                           ReplayOptions options);

// The traits of the pipeline's own source, which is made for it and thrown away.
Result<SourceTraits> source_traits(const config::Node& file, const Registry& registry,
                                   const Context& base);

// Makes what build() makes, to find what it would refuse, and throws it away: nothing is connected
// or written. What has a value that was withheld has only its keys checked. Gives the warnings.
Result<std::vector<std::string>> check(const config::Node& file, const Registry& registry,
                                       const Context& base, const BuildOptions& options);

}  // namespace penstock::pipeline_file
