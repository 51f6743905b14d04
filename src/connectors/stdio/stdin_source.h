// The source `stdin`: each line of standard input is an event. Made by the engine; one thread at a
// time.
#pragma once

#include "base/random.h"
#include "base/stdio.h"
#include "config/fields.h"
#include "core/context.h"
#include "core/source.h"

namespace penstock {

class StdinSource final : public Source {
 public:
  static constexpr std::string_view kDefaultFormat = "raw";
  struct Settings {
    config::ByteSize line_max{uint64_t{16} << 20};
    void fields(config::FieldVisitor& visitor);
  };
  static Result<std::unique_ptr<Source>> make(Settings settings, const Context& context);
  StdinSource(Settings settings, Clock& clock, uint64_t seed, Stdio stdio)
      : settings_(settings), clock_(clock), random_(seed), stdio_(stdio) {}

  SourceTraits traits() const override;
  std::string fingerprint() const override { return "stdin"; }
  Result<std::vector<Part>> parts(const Checkpoint& checkpoint, Stop stop) override;
  Result<std::unique_ptr<Reader>> open(const Part& part, const std::optional<Position>& position,
                                       Signal signal, Stop stop) override;

 private:
  Settings settings_;
  Clock& clock_;
  Random random_;
  Stdio stdio_;
};

}  // namespace penstock
