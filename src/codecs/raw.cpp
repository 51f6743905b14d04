#include "codecs/raw.h"

#include "base/base64.h"
#include "base/utf8.h"
#include "codecs/document.h"
#include "codecs/payload.h"
#include "doc/json.h"

namespace penstock::codecs {

Result<std::unique_ptr<Encoder>> RawEncoder::make(Settings /*settings*/,
                                                  const Context& /*context*/) {
  return std::make_unique<RawEncoder>();
}

Result<std::unique_ptr<Decoder>> RawDecoder::make(Settings /*settings*/,
                                                  const Context& /*context*/) {
  return std::make_unique<RawDecoder>();
}

Result<> RawEncoder::encode(const Event& event, std::string& out) const {
  if (!event.has_raw) {
    return append_document(event, out);  // a transform changed it: there are no bytes as they came
  }
  const std::string_view raw = event.raw;
  const size_t line_break = raw.find('\n');
  const bool inner = line_break != std::string_view::npos && line_break + 1 != raw.size();
  if (!inner && is_utf8(raw)) {
    out.append(raw);
    return {};
  }
  if (inner && is_json(raw)) {
    append_json_on_one_line(raw, out);
    return {};
  }
  out.push_back('"');
  append_base64(raw, out);
  out.push_back('"');
  return {};
}

}  // namespace penstock::codecs
