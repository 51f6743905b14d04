// What operators' commands need of a pipeline that does not run: its stores, without its source and
// sinks. Main thread.
#pragma once

#include <memory>
#include <string>

#include "cli/program.h"
#include "config/node.h"
#include "core/checkpoint_store.h"
#include "core/dead_letter.h"
#include "pipeline_file/plan.h"

namespace penstock::cli {

struct Operated {
  std::string pipeline;
  config::Node file;
  pipeline_file::Plan plan;                      // of the file
  std::unique_ptr<CheckpointStore> checkpoint;   // may be null, apart from open_checkpoint()
  std::unique_ptr<DeadLetterStore> dead_letter;  // of open_dead_letters() only
};

// Says what is wrong; Exit::failed.
Exit complain(const Error& error);

// The pipeline's source: nothing is connected before its parts are asked for.
Result<std::unique_ptr<Source>> make_source(const Operated& operated, Program& program);

// An error where the pipeline has no such store.
Result<Operated> open_checkpoint(Program& program, const std::string& path);
Result<Operated> open_dead_letters(Program& program, const std::string& path);

}  // namespace penstock::cli
