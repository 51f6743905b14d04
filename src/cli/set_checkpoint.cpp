#include "cli/change_checkpoint.h"
#include "cli/commands.h"
#include "cli/position_text.h"

namespace penstock::cli {

Exit set_checkpoint(Program& program, const Options& options) {
  const auto position = position_from(options.position);
  if (!position || position->empty()) {
    Program::complain("--position is no position as `checkpoint show` writes it");
    return Exit::usage;
  }
  return change_part(program, options, position);
}

}  // namespace penstock::cli
