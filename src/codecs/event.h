// The format `event`, our envelope: {id, op, stream, key, before, after, at, meta}; fields that an
// event does not have are left out. An event without documents carries its payload as `raw` (text)
// or `raw_base64`. Immutable; any thread.
#pragma once

#include "config/fields.h"
#include "core/codec.h"
#include "core/context.h"

namespace penstock::codecs {

class EventEncoder final : public Encoder {
 public:
  struct Settings {
    void fields(config::FieldVisitor&) {}
  };
  static Result<std::unique_ptr<Encoder>> make(Settings settings, const Context& context);

  Result<> encode(const Event& event, std::string& out) const override;
  std::string_view content_type() const override { return "application/json"; }
};

class EventDecoder final : public Decoder {
 public:
  struct Settings {
    void fields(config::FieldVisitor&) {}
  };
  static Result<std::unique_ptr<Decoder>> make(Settings settings, const Context& context);
  Result<> decode(Event& event, Arena& arena) const override;
};

}  // namespace penstock::codecs
