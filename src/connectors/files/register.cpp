#include "connectors/files/files_sink.h"
#include "connectors/files/files_source.h"
#include "core/registry.h"

namespace penstock {

void register_files(Registry& registry);

void register_files(Registry& registry) {
  Registry::add<files::FilesSource>(
      registry.sources, "files",
      "Reads files of lines, plain or compressed (.gz, .zst), and follows them as they grow. "
      "Its format is `raw` by default.");
  Registry::add<files::FilesSink>(
      registry.sinks, "files",
      "Writes a local lake: files that are written once, in folders named from the data, with "
      "nothing lost and nothing twice. Its format is `event` by default.");
}

}  // namespace penstock
