// The encoder `document`: the document that is left by a change, as plain JSON. Immutable; any
// thread.
#pragma once

#include "config/fields.h"
#include "core/codec.h"
#include "core/context.h"

namespace penstock::codecs {

// `after`; of a removed record its key; of bytes that are JSON these bytes, on one line. `rejected`
// when the event has none of them.
Result<> append_document(const Event& event, std::string& out);

class DocumentEncoder final : public Encoder {
 public:
  struct Settings {
    void fields(config::FieldVisitor&) {}
  };
  static Result<std::unique_ptr<Encoder>> make(Settings settings, const Context& context);

  Result<> encode(const Event& event, std::string& out) const override {
    return append_document(event, out);
  }
  std::string_view content_type() const override { return "application/json"; }
};

}  // namespace penstock::codecs
