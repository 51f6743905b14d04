// The format `cloudevents`: CloudEvents 1.0, structured JSON. Immutable; any thread.
#pragma once

#include "config/fields.h"
#include "core/codec.h"
#include "core/context.h"

namespace penstock::codecs {

class CloudEventsEncoder final : public Encoder {
 public:
  struct Settings {
    std::string source = {};
    std::string type = {};
    void fields(config::FieldVisitor& visitor);
  };
  static Result<std::unique_ptr<Encoder>> make(Settings settings, const Context& context);
  explicit CloudEventsEncoder(Settings settings) : settings_(std::move(settings)) {}

  Result<> encode(const Event& event, std::string& out) const override;
  std::string_view content_type() const override { return "application/cloudevents+json"; }

 private:
  Settings settings_;
};

class CloudEventsDecoder final : public Decoder {
 public:
  struct Settings {
    void fields(config::FieldVisitor&) {}
  };
  static Result<std::unique_ptr<Decoder>> make(Settings settings, const Context& context);
  Result<> decode(Event& event, Arena& arena) const override;
};

}  // namespace penstock::codecs
