#include "connectors/stdio/stdout_sink.h"

#include <algorithm>

#include "core/lines.h"
#include "core/rejected_keys.h"

namespace penstock {

Result<std::unique_ptr<Sink>> StdoutSink::make(Settings /*settings*/, const Context& context) {
  if (context.encoder == nullptr) {
    return fatal("stdout: no format");
  }
  return std::make_unique<StdoutSink>(context.encoder, context.clock, Stdio());
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

// Where a reader is slow, what it took counts, and an event that was cut is completed before
// anything else: nothing else may stand in the middle of a line.
Result<std::vector<Failure>> StdoutSink::write(const Batch& batch, Stop stop) {
  std::vector<Failure> failures;
  lines_ = rest_;
  ends_.clear();
  RejectedKeys rejected_keys;
  for (uint32_t i = 0; i < batch.events.size(); ++i) {
    const Event& event = *batch.events[i];
    if (!rejected_keys.hold_back(event, i, failures)) {
      TRY(rejected_keys.note(append_line(*encoder_, event, lines_), event, i, failures));
    }
    ends_.push_back(lines_.size());
  }
  Stdio::Output output = stdio_.write(lines_, clock_, batch.deadline, std::move(stop));
  const auto cut = std::ranges::upper_bound(ends_, output.size);  // ends behind what went
  const size_t begin = cut == ends_.begin() ? rest_.size() : *std::prev(cut);
  const size_t end = cut == ends_.end() ? lines_.size() : *cut;
  if (output.size < rest_.size()) {
    rest_.erase(0, output.size);
  } else {
    rest_ = output.size > begin ? lines_.substr(output.size, end - output.size) : "";
  }
  if (output.outcome) {
    return failures;
  }
  const Error& error = output.outcome.error();
  if (error.kind != Error::Kind::transient || cut == ends_.begin()) {
    return std::unexpected(error);
  }
  std::erase_if(failures, [&](const Failure& one) { return one.index >= cut - ends_.begin(); });
  for (auto i = static_cast<uint32_t>(cut - ends_.begin()); i < ends_.size(); ++i) {
    failures.push_back({.index = i, .error = error});
  }
  return failures;
}

}  // namespace penstock
