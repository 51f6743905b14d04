#include <fmt/core.h>

#include "admin/server.h"
#include "cli/commands.h"
#include "cli/pipeline_files.h"
#include "cli/supervise.h"
#include "net/address.h"
#include "pipeline_file/build.h"

namespace penstock::cli {

namespace {

Result<std::vector<pipeline_file::Built>> build_all(Program& program, const Options& options) {
  TRY(PipelineFiles loaded,
      load_pipelines(program, {.paths = options.files, .preset = options.preset}));
  const pipeline_file::BuildOptions build_options{.once = options.once,
                                                  .values = {.environment = environment}};
  std::vector<pipeline_file::Built> all;
  for (PipelineFile& file : loaded.files) {
    const Context context = program.context(file.name);
    if (!file.problems.empty()) {  // what is withheld cannot be built, but the rest checked
      if (const auto rest =
              pipeline_file::check(file.node, program.registry(), context, build_options);
          !rest) {
        file.problems.add_lines(rest.error().what);
      }
      continue;
    }
    auto built = pipeline_file::build(file.node, program.registry(), context, build_options);
    if (!built) {
      file.problems.add_lines(built.error().what);
      continue;
    }
    all.push_back(*std::move(built));
  }
  TRY(problems_of(loaded));
  for (const pipeline_file::Built& built : all) {
    for (const std::string& warning : built.warnings) {
      program.log().warn("", warning);  // names its pipeline or its place in the file
    }
  }
  return all;
}

// Penstock goes on without its admin server when the port is taken: two runs on one machine are
// ordinary. What can never work is a mistake on the command line. The server is asked until it is
// gone, so the runners are complete before and are not changed any more.
Result<std::unique_ptr<net::HttpListener>> open_admin(
    Program& program, const Options& options,
    const std::vector<std::unique_ptr<engine::Runner>>& runners) {
  if (options.admin == "off") {
    return nullptr;
  }
  if (const auto address = net::parse_loopback_address(options.admin); !address) {
    return fatal("--admin: " + address.error().what);
  }
  auto listener = admin::serve(program.server(), options.admin, [&program, &runners] {
    return admin::Seen{.pipelines = statuses_of(runners),
                       .components = program.metrics().families()};
  });
  if (!listener) {
    program.log().warn("admin", fmt::format("{}; going on without the admin server (--admin)",
                                            listener.error().what));
    return nullptr;
  }
  program.log().info(
      "admin", fmt::format("http://{}/ shows metrics, health and status", (*listener)->address()));
  return listener;
}

}  // namespace

Exit run_pipelines(Program& program, const Options& options, Signals& signals) {
  auto built = build_all(program, options);
  if (!built) {
    Program::complain(built.error().what);
    return Exit::usage;
  }
  std::vector<std::unique_ptr<engine::Runner>> runners;
  for (pipeline_file::Built& one : *built) {
    runners.push_back(
        engine::Runner::make(std::move(one.assembly), program.clock(), program.log()));
  }
  const auto admin = open_admin(program, options, runners);
  if (!admin) {
    Program::complain(admin.error().what);
    return Exit::usage;
  }
  for (const auto& runner : runners) {
    runner->start();
  }
  return supervise(program, runners, signals, {.fail_fast = options.fail_fast});
}

}  // namespace penstock::cli
