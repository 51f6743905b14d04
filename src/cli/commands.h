// The commands: each does one thing with a Program and answers with the exit code. Main thread.
#pragma once

#include "cli/options.h"
#include "cli/program.h"
#include "cli/signals.h"

namespace penstock::cli {

Exit run_pipelines(Program& program, const Options& options, Signals& signals);
Exit check_files(Program& program, const Options& options);
Exit explain(Program& program, const Options& options);
Exit list(Program& program);

Exit show_checkpoint(Program& program, const Options& options);
Exit set_checkpoint(Program& program, const Options& options);
Exit reset_checkpoint(Program& program, const Options& options);

Exit list_dead_letters(Program& program, const Options& options);
Exit show_dead_letters(Program& program, const Options& options);
Exit replay_dead_letters(Program& program, const Options& options, Signals& signals);

Exit generate(Program& program, const Options& options, Signals& signals);

}  // namespace penstock::cli
