// The encoder `raw`: the payload as it came, on one line (contract, "Lines"). Immutable; any
// thread.
#pragma once

#include "config/fields.h"
#include "core/codec.h"
#include "core/context.h"

namespace penstock::codecs {

class RawEncoder final : public Encoder {
 public:
  struct Settings {
    void fields(config::FieldVisitor&) {}
  };
  static Result<std::unique_ptr<Encoder>> make(Settings settings, const Context& context);

  Result<> encode(const Event& event, std::string& out) const override;
  std::string_view content_type() const override { return "text/plain"; }
};

// The source's side: the payload stays as it is.
class RawDecoder final : public Decoder {
 public:
  struct Settings {
    void fields(config::FieldVisitor&) {}
  };
  static Result<std::unique_ptr<Decoder>> make(Settings settings, const Context& context);
  Result<> decode(Event&, Arena&) const override { return {}; }
};

}  // namespace penstock::codecs
