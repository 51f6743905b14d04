#include <fmt/core.h>

#include "cli/change_checkpoint.h"
#include "cli/commands.h"

namespace penstock::cli {

namespace {

// Gives how many keys there were.
Result<size_t> end_quarantine(const Operated& operated, Program& program) {
  CheckpointStore& store = *operated.checkpoint;
  TRY(const Checkpoint checkpoint, load_leased(store));
  Changes changes;
  changes.released = checkpoint.quarantined;
  changes.at = program.clock().wall();
  TRY(store.save(changes, {}));
  return changes.released.size();
}

Exit reset_quarantine(Program& program, const Options& options) {
  auto operated = open_checkpoint(program, options.file);
  if (!operated) {
    Program::complain(operated.error().what);
    return Exit::usage;
  }
  const auto keys = end_quarantine(*operated, program);
  if (!keys) {
    return complain(keys.error());
  }
  return Program::print(fmt::format("{}: {} keys left the quarantine; changes of theirs that are "
                                    "dead letters now come after later ones, if at all\n",
                                    operated->pipeline, *keys))
             ? Exit::ok
             : Exit::failed;
}

}  // namespace

Exit reset_checkpoint(Program& program, const Options& options) {
  if (!options.part.empty()) {
    return change_part(program, options, std::nullopt);
  }
  if (options.quarantine) {
    return reset_quarantine(program, options);
  }
  auto operated = open_checkpoint(program, options.file);
  if (!operated) {
    Program::complain(operated.error().what);
    return Exit::usage;
  }
  const auto leased = operated->checkpoint->lease({});
  if (!leased) {
    return complain(leased.error());
  }
  if (const auto reset = operated->checkpoint->reset({}); !reset) {
    return complain(reset.error());
  }
  return Program::print(fmt::format("{}: checkpoint forgotten, the next run begins anew\n",
                                    operated->pipeline))
             ? Exit::ok
             : Exit::failed;
}

}  // namespace penstock::cli
