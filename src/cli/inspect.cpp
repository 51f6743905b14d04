#include <fmt/core.h>

#include "base/format.h"
#include "cli/commands.h"
#include "cli/pipeline_files.h"
#include "pipeline_file/build.h"
#include "pipeline_file/reference.h"

namespace penstock::cli {

namespace {

Exit print(std::string_view text) {
  return Program::print(text) ? Exit::ok : Exit::failed;
}

template <class T>
void append_names(std::string_view title, const Registry::Entries<T>& entries, std::string& out) {
  append_format(out, "{}\n", title);
  for (const auto& [name, entry] : entries) {
    std::string_view doc = entry.doc;
    doc = doc.substr(0, std::min(doc.find(". "), doc.size()));
    doc.remove_suffix(doc.ends_with('.') ? 1 : 0);
    append_format(out, "  {:<14} {}\n", name, doc);
  }
}

}  // namespace

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
  if (print(fine) != Exit::ok) {
    return Exit::failed;
  }
  return all_fine ? Exit::ok : Exit::usage;
}

Exit explain(Program& program, const Options& options) {
  if (options.schema) {
    return print(pipeline_file::json_schema(program.registry()));
  }
  if (options.explain_all) {
    return print(pipeline_file::reference_page(program.registry()));
  }
  if (options.connector.empty()) {
    Program::complain("explain what? Give a name from `penstock list`, or --all, or --schema");
    return Exit::usage;
  }
  const auto text = pipeline_file::reference_of(program.registry(), options.connector);
  if (!text) {
    Program::complain(text.error().what);
    return Exit::usage;
  }
  return print(*text);
}

Exit list(Program& program) {
  const Registry& registry = program.registry();
  std::string out;
  append_names("Sources", registry.sources, out);
  append_names("Sinks", registry.sinks, out);
  append_names("Transforms", registry.transforms, out);
  append_names("Formats of sources", registry.decoders, out);
  append_names("Formats of sinks", registry.encoders, out);
  append_names("Checkpoints", registry.checkpoints, out);
  append_names("Dead letters", registry.dead_letters, out);
  out +=
      "`penstock explain NAME` describes one, or a section of a pipeline file: source,\n"
      "sinks, batch, retry, tls, every, limits, until.\n";
  return print(out);
}

}  // namespace penstock::cli
