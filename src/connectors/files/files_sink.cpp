#include "connectors/files/files_sink.h"

#include "connectors/files/local_objects.h"

namespace penstock::files {

Result<std::unique_ptr<Sink>> FilesSink::make(Settings settings, const Context& context) {
  return lake::LakeSink::make("files", std::move(settings),
                              std::make_unique<LocalObjects>(context.files), context);
}

}  // namespace penstock::files
