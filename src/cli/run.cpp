#include "cli/run.h"

#include <fcntl.h>

#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/check.h"
#include "base/memory.h"
#include "base/version.h"
#include "cli/commands.h"

namespace penstock::cli {

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

// A file that is opened where a standard stream was closed would be written to as that stream. What
// stands there instead can only be used the other way round: reading and writing fail and say so.
void fill_closed_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) < 0) {
      (void)::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    }
  }
}

// The soft limit is low for programs that wait by select(), which this one does not: each file that
// is followed and each connection takes a descriptor.
void raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);  // where it fails, it stays as it was
  }
}

}  // namespace

int main(int argc, char** argv) {
  fill_closed_descriptors();
  raise_open_files();
  keep_freed_memory();
  const auto parsed = parse_options(argc, argv);
  if (const Exit* const exit = std::get_if<Exit>(&parsed)) {
    return code_of(*exit);
  }
  Signals signals;
  Program program(std::get<Options>(parsed));
  return code_of(execute(program, std::get<Options>(parsed), signals));
}

}  // namespace penstock::cli
