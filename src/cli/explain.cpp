#include "cli/commands.h"
#include "pipeline_file/reference.h"

namespace penstock::cli {

namespace {

Exit print(std::string_view text) {
  return Program::print(text) ? Exit::ok : Exit::failed;
}

}  // namespace

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

}  // namespace penstock::cli
