#include "run/operate.h"

#include <fmt/core.h>

#include "engine/plan.h"
#include "run/pipeline_files.h"

namespace penstock::run {

namespace {

struct Opened {
  Operated operated;
  engine::Plan plan;
};

Result<Opened> open(Program& program, const std::string& path) {
  TRY(std::vector<PipelineFile> files, load_pipelines(program, {.paths = {path}, .preset = ""}));
  if (files.size() != 1) {
    return fatal(
        fmt::format("{}: give one pipeline's file, this folder holds {}", path, files.size()));
  }
  TRY(engine::Plan plan, engine::make_plan(files.front().node, program.registry()));
  Operated operated;
  operated.pipeline = plan.name;
  if (plan.checkpoint) {
    TRY(operated.checkpoint,
        plan.checkpoint->entry->make(plan.checkpoint->settings,
                                     program.context(plan.name + "/checkpoint")));
  }
  operated.file = std::move(files.front().node);
  return Opened{std::move(operated), std::move(plan)};
}

}  // namespace

Result<Operated> open_checkpoint(Program& program, const std::string& path) {
  TRY(Opened opened, open(program, path));
  if (!opened.operated.checkpoint) {
    return fatal(
        fmt::format("{}: pipeline {} has no enabled `checkpoint`", path, opened.operated.pipeline));
  }
  return std::move(opened.operated);
}

Result<Operated> open_dead_letters(Program& program, const std::string& path) {
  TRY(Opened opened, open(program, path));
  Operated& operated = opened.operated;
  if (!opened.plan.dead_letter) {
    return fatal(
        fmt::format("{}: pipeline {} has no enabled `dead_letter`", path, operated.pipeline));
  }
  TRY(operated.dead_letter,
      opened.plan.dead_letter->entry->make(opened.plan.dead_letter->settings,
                                           program.context(operated.pipeline + "/dead_letter")));
  return std::move(operated);
}

}  // namespace penstock::run
