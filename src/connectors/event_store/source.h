// EventStoreSource: the change feed of an event store. One part, every committed row in the order
// of its sequence. Each reader has a connection of its own and sees only what is on disk.
#pragma once

#include <memory>
#include <string>

#include "config/fields.h"
#include "connectors/event_store/store.h"
#include "core/context.h"
#include "core/source.h"

namespace penstock::event_store {

class EventStoreSource final : public Source {
 public:
  static constexpr std::string_view kDefaultFormat = "";
  struct Settings {
    std::string path;
    std::string start = "earliest";
    void fields(config::FieldVisitor& v) {
      v.field("path", path,
              {.doc = "The file; made, with its folders, when it is missing.", .required = true});
      v.field("start", start,
              {.doc = "Where to begin without a saved position: at the first event that is "
                      "stored, or behind the last one.",
               .choices = {"earliest", "latest"}});
    }
  };
  static Result<std::unique_ptr<Source>> make(Settings settings, const Context& context);

  SourceTraits traits() const override;
  // The store's identity is in the position, so that a store may be moved, but not exchanged.
  std::string fingerprint() const override { return "event_store"; }
  Result<std::vector<Part>> parts(const Checkpoint& checkpoint, Stop stop) override;
  Result<std::unique_ptr<Reader>> open(const Part& part, const std::optional<Position>& position,
                                       Signal signal, Stop stop) override;
  std::optional<Position> position_before(const Position& end,
                                          std::string_view order) const override;

 private:
  EventStoreSource(Settings settings, Files& files)
      : settings_(std::move(settings)), files_(files) {}

  Settings settings_;
  Files& files_;
};

}  // namespace penstock::event_store
