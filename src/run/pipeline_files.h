// Pipeline files of a command line: found, loaded, substituted. Main thread.
#pragma once

#include <string>
#include <vector>

#include "config/node.h"
#include "run/program.h"

namespace penstock::run {

struct PipelineFile {
  std::string path;  // or "preset NAME"
  std::string name;  // of the pipeline
  config::Node node;
};

struct LoadRequest {
  std::vector<std::string> paths;  // files, and folders whose *.yaml and *.yml are taken
  std::string preset;              // "": none
  bool read_secrets = true;
};

// All problems of all files in one error, one a line.
Result<std::vector<PipelineFile>> load_pipelines(Program& program, const LoadRequest& request);

}  // namespace penstock::run
