// ReadStage: one read, from the source's bytes to a frozen Chunk: read, decode, transform, find out
// which sinks take each event and by which order key. A plain loop without locks; const, so any
// thread may run it, a part on one at a time.
#pragma once

#include <memory>

#include "engine/assembly.h"
#include "engine/ledger.h"

namespace penstock::engine {

class ReadStage {
 public:
  explicit ReadStage(const Assembly& assembly) : assembly_(assembly) {}
  Result<std::unique_ptr<Chunk>> read(Reader& reader, const ReadLimits& limits, Stop stop) const;

 private:
  // `payloads`: what was decoded, by event, for transforms that reject; empty without a decoder.
  Result<> decode(EventBlock& block, std::vector<std::string_view>& payloads) const;
  Result<uint32_t> transform(EventBlock& block,
                             const std::vector<std::string_view>& payloads) const;
  // `reached`: after an error, the event as the failing transform got it.
  Result<> apply_transforms(const Event& event, Arena& arena, std::vector<Event>& out,
                            Event& reached) const;
  Result<> route(Chunk& chunk) const;

  const Assembly& assembly_;
};

}  // namespace penstock::engine
