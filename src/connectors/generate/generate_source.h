// The source `generate`: test data, the same for the same seed. Made by the engine; one thread at a
// time.
#pragma once

#include "config/fields.h"
#include "core/context.h"
#include "core/source.h"

namespace penstock {

// Appends record number `index` of the data of `seed`: a JSON object of about 300 bytes.
void append_generated_record(uint64_t seed, uint64_t index, std::string& out);

class GenerateSource final : public Source {
 public:
  static constexpr std::string_view kDefaultFormat = "raw";
  struct Settings {
    int64_t count = 0;
    double rate = 0;
    int64_t seed = 1;
    void fields(config::FieldVisitor& visitor);
  };
  static Result<std::unique_ptr<Source>> make(Settings settings, const Context& context);
  GenerateSource(Settings settings, Clock& clock) : settings_(settings), clock_(clock) {}

  SourceTraits traits() const override;
  std::string fingerprint() const override;
  Result<std::vector<Part>> parts(const Checkpoint& checkpoint, Stop stop) override;
  Result<std::unique_ptr<Reader>> open(const Part& part, const std::optional<Position>& position,
                                       Signal signal, Stop stop) override;
  std::optional<Position> position_before(const Position& end,
                                          std::string_view order) const override;

 private:
  Settings settings_;
  Clock& clock_;
};

}  // namespace penstock
