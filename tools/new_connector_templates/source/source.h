// @Name@Source: the records of @name@, one part in the order of their numbers. Made by the engine;
// parts() and open() never run at once, a reader has two hands.
#pragma once

#include <memory>
#include <string>

#include "config/fields.h"
#include "core/context.h"
#include "core/source.h"

namespace penstock::@name@ {

// Where reading goes on: "1/<identity of the log>/<number of the next record>".
struct LogPosition {
  std::string identity;
  uint64_t next = 0;
};
std::string encode(const LogPosition& position);
// `lost_position` for bytes that are none, or of a later version.
Result<LogPosition> decode_position(std::string_view bytes);

// Of an order, the first: which log it is. Behind them stands the record's number.
inline constexpr uint32_t kGenerationBytes = 8;

class @Name@Source final : public Source {
 public:
  struct Settings {
    std::string endpoint;
    void fields(config::FieldVisitor& visitor);
  };
  static Result<std::unique_ptr<Source>> make(Settings settings, const Context& context);

  SourceTraits traits() const override { return {.generation_bytes = kGenerationBytes}; }
  std::string fingerprint() const override { return "@name@/" + settings_.endpoint; }
  Result<std::vector<Part>> parts(const Checkpoint& checkpoint, Stop stop) override;
  Result<std::unique_ptr<Reader>> open(const Part& part, const std::optional<Position>& position,
                                       Signal signal, Stop stop) override;
  std::optional<Position> position_before(const Position& end,
                                          std::string_view order) const override;

 private:
  @Name@Source(Settings settings, const Context& context)
      : settings_(std::move(settings)), context_(context) {}

  const Settings settings_;
  const Context context_;
};

}  // namespace penstock::@name@
