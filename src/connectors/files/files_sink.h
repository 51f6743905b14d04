// The sink `files`: a local lake (lake/lake_sink.h) over the files of a disk. Made by the engine.
#pragma once

#include "core/context.h"
#include "lake/lake_sink.h"

namespace penstock::files {

struct FilesSink {
  using Settings = lake::Settings;
  static Result<std::unique_ptr<Sink>> make(Settings settings, const Context& context);
};

}  // namespace penstock::files
