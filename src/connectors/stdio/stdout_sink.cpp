#include "connectors/stdio/stdout_sink.h"

#include "core/batch_request.h"
#include "core/lines.h"

namespace penstock {

Result<std::unique_ptr<Sink>> StdoutSink::make(Settings /*settings*/, const Context& context) {
  if (context.encoder == nullptr) {
    return fatal("stdout: no format");
  }
  return std::make_unique<StdoutSink>(context.encoder, Stdio());
}

SinkTraits StdoutSink::traits() const {
  return {.events_max = 1000,
          .bytes_max = size_t{1} << 20,
          .lanes = 1,
          .lanes_max = 1,
          .writes_in_order = true};
}

Result<> StdoutSink::open(const Resume& /*resume*/, Stop /*stop*/) {
  return {};
}

Result<std::vector<Failure>> StdoutSink::write(const Batch& batch, Stop stop) {
  std::vector<Failure> failures;
  lines_.clear();
  for (uint32_t i = 0; i < batch.events.size(); ++i) {
    TRY(note(append_line(*encoder_, *batch.events[i], lines_), i, failures));
  }
  TRY(stdio_.write(lines_, stop));
  return failures;
}

}  // namespace penstock
