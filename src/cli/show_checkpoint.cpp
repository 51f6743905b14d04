#include <fmt/core.h>

#include "base/format.h"
#include "cli/commands.h"
#include "cli/operate.h"
#include "cli/position_text.h"

namespace penstock::cli {

namespace {

std::string describe(const std::string& pipeline, const Checkpoint& checkpoint) {
  std::string out = fmt::format("pipeline  {}\nsource    {}\nsaved     {}\n", pipeline,
                                to_text(checkpoint.fingerprint), to_iso8601(checkpoint.at));
  for (const auto& [part, position] : checkpoint.positions) {
    append_format(out, "part      {}\n  position {}\n", to_text(part), to_text(position));
  }
  for (const Quarantined& key : checkpoint.quarantined) {
    std::string text;
    append_printable(key.text, text);
    append_format(out, "quarantined  {} at sink {}\n", text, key.sink);
  }
  return out;
}

}  // namespace

Exit show_checkpoint(Program& program, const Options& options) {
  auto operated = open_checkpoint(program, options.file);
  if (!operated) {
    Program::complain(operated.error().what);
    return Exit::usage;
  }
  const auto checkpoint = operated->checkpoint->load({});
  if (!checkpoint) {
    return complain(checkpoint.error());
  }
  const std::string text = *checkpoint
                               ? describe(operated->pipeline, **checkpoint)
                               : fmt::format("pipeline  {}\nno checkpoint\n", operated->pipeline);
  return Program::print(text) ? Exit::ok : Exit::failed;
}

}  // namespace penstock::cli
