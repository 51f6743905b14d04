// Pipeline files of a command line: found, loaded, substituted. Main thread.
#pragma once

#include <string>
#include <vector>

#include "cli/program.h"
#include "config/node.h"
#include "config/problems.h"

namespace penstock::cli {

struct PipelineFile {
  std::string path;
  std::string name;  // of the pipeline
  config::Node node;
  config::Problems problems;  // those of its ${…}, and of its name
};

struct PipelineFiles {
  std::vector<PipelineFile> files;      // those that are YAML
  std::vector<std::string> unreadable;  // what is wrong with each of the others
};

struct LoadRequest {
  std::vector<std::string> paths;  // files, and folders whose *.yaml and *.yml are taken
  std::string preset;              // "": none
  bool read_secrets = true;
};

// An error where the command line itself is wrong.
Result<PipelineFiles> load_pipelines(Program& program, const LoadRequest& request);
// All problems of all files as one error, one a line.
Result<> problems_of(const PipelineFiles& loaded);

}  // namespace penstock::cli
