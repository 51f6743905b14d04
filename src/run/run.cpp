#include "run/run.h"

#include <fmt/core.h>

#include "base/check.h"
#include "base/memory.h"
#include "base/version.h"
#include "run/commands.h"

namespace penstock::run {

namespace {

Exit execute(Program& program, const Options& options, Signals& signals) {
  switch (options.command) {
    case Command::run:
      return run_pipelines(program, options, signals);
    case Command::check:
      return check_files(program, options);
    case Command::explain:
      return explain(program, options);
    case Command::list:
      return list(program);
    case Command::checkpoint_show:
      return show_checkpoint(program, options);
    case Command::checkpoint_set:
      return set_checkpoint(program, options);
    case Command::checkpoint_reset:
      return reset_checkpoint(program, options);
    case Command::dead_letter_list:
      return list_dead_letters(program, options);
    case Command::dead_letter_show:
      return show_dead_letters(program, options);
    case Command::dead_letter_replay:
      return replay_dead_letters(program, options, signals);
    case Command::generate:
      return generate(program, options, signals);
    case Command::version:
      return Program::print(fmt::format("penstock {}\n", kVersion)) ? Exit::ok : Exit::failed;
  }
  unreachable();
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  const auto parsed = parse_options(argc, argv);
  if (const Exit* const exit = std::get_if<Exit>(&parsed)) {
    return code_of(*exit);
  }
  Signals signals;
  Program program(std::get<Options>(parsed));
  return code_of(execute(program, std::get<Options>(parsed), signals));
}

}  // namespace penstock::run
