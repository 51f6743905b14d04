// The sink `stdout`: each event is a line of standard output. Made by the engine; one writer
// thread.
#pragma once

#include "base/stdio.h"
#include "config/fields.h"
#include "core/codec.h"
#include "core/context.h"
#include "core/sink.h"

namespace penstock {

class StdoutSink final : public Sink {
 public:
  struct Settings {
    void fields(config::FieldVisitor&) {}
  };
  static Result<std::unique_ptr<Sink>> make(Settings settings, const Context& context);
  StdoutSink(std::shared_ptr<const Encoder> encoder, Clock& clock, Stdio stdio)
      : encoder_(std::move(encoder)), clock_(clock), stdio_(stdio) {}

  SinkTraits traits() const override;
  Result<> open(const Resume& resume, Stop stop) override;
  Result<std::vector<Failure>> write(const Batch& batch, Stop stop) override;

 private:
  std::shared_ptr<const Encoder> encoder_;
  Clock& clock_;
  Stdio stdio_;
  std::string lines_;         // of one batch, behind the rest of a cut one
  std::vector<size_t> ends_;  // of each event in lines_
  std::string rest_;          // of an event that was cut by the end of a write
};

}  // namespace penstock
