#include "codecs/document.h"

#include <fmt/core.h>

#include "codecs/payload.h"
#include "doc/json.h"

namespace penstock::codecs {

Result<std::unique_ptr<Encoder>> DocumentEncoder::make(Settings /*settings*/,
                                                       const Context& /*context*/) {
  return std::make_unique<DocumentEncoder>();
}

Result<> append_document(const Event& event, std::string& out) {
  if (event.after) {
    if (stored_event_of(event)) {
      append_stored_event(event, out);
      return {};
    }
    doc::append_json(event.after, out);
    return {};
  }
  if (event.key) {
    doc::append_json(event.key, out);
    return {};
  }
  if (event.has_raw && is_json(event.raw)) {
    append_json_on_one_line(event.raw, out);
    return {};
  }
  return rejected(
      fmt::format("format document: event {} of {} has no document; use format raw or "
                  "event, or the transform parse",
                  event.id, event.stream));
}

}  // namespace penstock::codecs
