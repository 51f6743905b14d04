#include "connectors/generate/generate_source.h"
#include "core/registry.h"

namespace penstock {

void register_generate(Registry& registry);

void register_generate(Registry& registry) {
  Registry::add<GenerateSource>(registry.sources, "generate",
                                "Makes test records: JSON objects of about 300 bytes, the same "
                                "for the same seed. Its format is `raw` by default.");
}

}  // namespace penstock
