#include "cli/operate.h"

#include <fmt/core.h>

#include "cli/pipeline_files.h"

namespace penstock::cli {

namespace {

Result<Operated> open(Program& program, const std::string& path) {
  TRY(PipelineFiles loaded, load_pipelines(program, {.paths = {path}, .preset = ""}));
  TRY(problems_of(loaded));
  if (loaded.files.size() != 1) {
    return fatal(fmt::format("{}: give one pipeline's file, this folder holds {}", path,
                             loaded.files.size()));
  }
  Operated operated;
  operated.file = std::move(loaded.files.front().node);
  TRY(operated.plan, pipeline_file::make_plan(operated.file, program.registry()));
  operated.pipeline = operated.plan.name;
  if (const auto& checkpoint = operated.plan.checkpoint) {
    Context context = program.context(operated.pipeline + "/checkpoint");
    TRY(const std::unique_ptr<Source> source, make_source(operated, program));
    context.source_identity = source->fingerprint();
    TRY(operated.checkpoint, checkpoint->entry->make(checkpoint->settings, context));
  }
  return operated;
}

}  // namespace

Exit complain(const Error& error) {
  Program::complain(error.what);
  return Exit::failed;
}

Result<std::unique_ptr<Source>> make_source(const Operated& operated, Program& program) {
  const pipeline_file::SourcePlan& plan = operated.plan.source;
  Context context = program.context(fmt::format("{}/{}", operated.pipeline, plan.shared.name));
  context.tls = plan.shared.tls.files();
  return plan.component.entry->make(plan.component.settings, context);
}

Result<Operated> open_checkpoint(Program& program, const std::string& path) {
  TRY(Operated operated, open(program, path));
  if (!operated.checkpoint) {
    return fatal(
        fmt::format("{}: pipeline {} has no enabled `checkpoint`", path, operated.pipeline));
  }
  return operated;
}

Result<Operated> open_dead_letters(Program& program, const std::string& path) {
  TRY(Operated operated, open(program, path));
  const auto& dead_letter = operated.plan.dead_letter;
  if (!dead_letter) {
    return fatal(
        fmt::format("{}: pipeline {} has no enabled `dead_letter`", path, operated.pipeline));
  }
  TRY(operated.dead_letter,
      dead_letter->entry->make(dead_letter->settings,
                               program.context(operated.pipeline + "/dead_letter")));
  return operated;
}

}  // namespace penstock::cli
