// The sink `discard`: takes everything and keeps nothing, to measure what comes before it. Made by
// the engine; any thread.
#pragma once

#include "config/fields.h"
#include "core/context.h"
#include "core/sink.h"

namespace penstock {

class DiscardSink final : public Sink {
 public:
  struct Settings {
    void fields(config::FieldVisitor&) {}
  };
  static Result<std::unique_ptr<Sink>> make(Settings settings, const Context& context);

  SinkTraits traits() const override { return {.events_max = 500, .lanes = 4}; }
  Result<> open(const Resume& /*resume*/, Stop /*stop*/) override { return {}; }
  Result<std::vector<Failure>> write(const Batch& /*batch*/, Stop /*stop*/) override {
    return std::vector<Failure>{};
  }
};

}  // namespace penstock
