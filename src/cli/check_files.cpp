#include "base/format.h"
#include "cli/commands.h"
#include "cli/pipeline_files.h"
#include "pipeline_file/build.h"

namespace penstock::cli {

Exit check_files(Program& program, const Options& options) {
  auto loaded = load_pipelines(
      program, {.paths = options.files, .preset = "", .read_secrets = options.secrets});
  if (!loaded) {
    Program::complain(loaded.error().what);
    return Exit::usage;
  }
  std::string fine;
  for (PipelineFile& file : loaded->files) {
    const auto checked =
        pipeline_file::check(file.node, program.registry(), program.context(file.name),
                             {.read_secrets = options.secrets});
    if (!checked) {
      file.problems.add_lines(checked.error().what);
    }
    for (const std::string& warning : checked.value_or(std::vector<std::string>())) {
      Program::complain("warning: " + warning);
    }
    if (file.problems.empty()) {
      append_format(fine, "{}: pipeline {} is fine\n", file.path, file.name);
    }
  }
  const auto all_fine = problems_of(*loaded);
  if (!all_fine) {
    Program::complain(all_fine.error().what);
  }
  if (!Program::print(fine)) {
    return Exit::failed;
  }
  return all_fine ? Exit::ok : Exit::usage;
}

}  // namespace penstock::cli
