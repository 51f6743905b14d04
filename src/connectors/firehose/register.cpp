#include "connectors/firehose/source.h"
#include "core/registry.h"

namespace penstock {

void register_firehose(Registry& registry) {
  Registry::add<firehose::FirehoseSource>(
      registry.sources, "firehose",
      "Takes records by Amazon Firehose's own API (PutRecord, PutRecordBatch) on loopback. With an "
      "inbox they are answered for once they are safe on disk. Its format is `raw` by default.");
}

}  // namespace penstock
