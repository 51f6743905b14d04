#include "connectors/stdio/stdin_source.h"
#include "connectors/stdio/stdout_sink.h"
#include "core/registry.h"

namespace penstock {

void register_stdio(Registry& registry);

void register_stdio(Registry& registry) {
  Registry::add<StdinSource>(registry.sources, "stdin",
                             "Reads standard input, a line an event, and ends with it. "
                             "Its format is `raw` by default.");
  Registry::add<StdoutSink>(
      registry.sinks, "stdout",
      "Writes to standard output, an event a line. Its format is `event` by default.");
}

}  // namespace penstock
