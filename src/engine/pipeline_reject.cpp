// What becomes of an event that is rejected: by decoding and transforms, before a sink's lanes, or
// by a write.
#include <fmt/core.h>

#include <bit>

#include "base/probe.h"
#include "engine/pipeline.h"

namespace penstock::engine {

// `by`: null for decoding and transforms. The event stays open until it is in the dead letters or
// dropped; where it stops the pipeline, the position stays before it.
void Pipeline::reject(SinkQueue* by, bool was_written, const Item& item, const Error& error,
                      Instant now) {
  SinkStatus& counts = by != nullptr ? by->counts() : source_counts_;
  ++counts.rejected;
  uint32_t& in_a_row = by == nullptr ? source_rejections_in_a_row_
                       : was_written ? by->rejections_in_a_row()
                                     : by->barred_in_a_row();
  const OnReject on_reject = by != nullptr ? by->spec().on_reject : spec_.source_on_reject;
  const std::string what = fmt::format("{} {}: {}: {}", by != nullptr ? "sink" : "source",
                                       by != nullptr ? counts.name : spec_.source_name,
                                       describe(item.event()), error.what);
  if (++in_a_row >= spec_.limits.rejections_in_a_row) {
    PROBE("rejections_in_a_row");
    return fail(
        fmt::format("{} events rejected in a row without a success; the last: {}", in_a_row, what),
        now);
  }
  if (std::has_single_bit(counts.rejected) && on_reject != OnReject::stop) {
    common_.notices.push_back(
        {Log::Level::warn, fmt::format("{} rejected so far, the last: {}", counts.rejected, what)});
  }
  switch (on_reject) {
    case OnReject::stop:
      return fail(what, now);
    case OnReject::drop:
      ++counts.dropped;
      return parts_.settle(item);
    case OnReject::quarantine:
      for (const auto& each : sinks_) {
        if (by == nullptr || by == each.get()) {
          quarantine(*each, was_written, item, now);
        }
      }
      [[fallthrough]];
    case OnReject::dead_letter:
      PROBE(by != nullptr ? "dead_letter" : "dead_letter_at_source");
      return rejected_.bury({.item = item,
                             .at = &counts,
                             .error = error.what,
                             .is_quarantined = on_reject == OnReject::quarantine});
  }
}

void Pipeline::quarantine(SinkQueue& sink, bool was_written, const Item& item, Instant now) {
  const Event& event = item.event();
  const bool is_known = sink.is_barred(event) || sink.quarantined().contains(event);
  QuarantineSet& set = was_written ? sink.quarantined() : sink.barred();
  if (set.insert(event) && !is_known) {
    check(checkpointer_.quarantine(quarantined_at(sink.spec().name, event)), now);
  }
}

void Pipeline::letters_written(const Result<>& result, Instant now) {
  std::vector<Letter> durable;
  const Result<> answer = rejected_.written(result, now, durable);
  for (const Letter& letter : durable) {
    ++letter.at->dead_letters;
    parts_.settle(letter.item);  // I1
  }
  answered(answer, now);
}

}  // namespace penstock::engine
