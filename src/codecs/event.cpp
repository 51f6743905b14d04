#include "codecs/event.h"

#include <fmt/core.h>

#include "base/base64.h"
#include "codecs/payload.h"
#include "codecs/time_text.h"
#include "doc/bson.h"
#include "doc/json.h"
#include "doc/losses.h"
#include "doc/text_out.h"

namespace penstock::codecs {

namespace {

void put_member(std::string_view name, const Document& document, doc::TextOut& out) {
  if (document) {
    out.reserve(name.size());
    out.put(name);
    doc::put_json(document, out);
  }
}

// All up to `before`, and `after` where it is a plain document.
void put_head(const Event& event, bool with_after, doc::TextOut& out) {
  out.put("{\"id\":");
  out.put_json_string(event.id);
  out.put(",\"op\":\"");
  out.put(name_of(event.op));
  out.put("\",\"stream\":");
  out.put_json_string(event.stream);
  put_member(",\"key\":", event.key, out);
  put_member(",\"before\":", event.before, out);
  if (with_after) {
    put_member(",\"after\":", event.after, out);
  }
}

void put_tail(const Event& event, doc::TextOut& out) {
  out.reserve(kIso8601Max);
  out.put(",\"at\":\"");
  out.advance_to(write_iso8601(event.at, 6, out.at()));
  out.put('"');
  put_member(",\"meta\":", event.meta, out);
  out.put('}');
}

// One field of the envelope into the event; names that the envelope does not have are rejected, for
// they would get lost.
Result<> take_field(const Document& envelope, const doc::Element& element, Event& event,
                    bool& has_op, Arena& arena) {
  const auto text = [&]() -> Result<std::string_view> {
    if (element.type != doc::Type::string) {
      return rejected(fmt::format("format event: \"{}\" is no string", element.name));
    }
    return element.as_string();
  };
  const auto document = [&](Document& into) -> Result<> {
    if (element.type != doc::Type::document) {
      return rejected(fmt::format("format event: \"{}\" is no object", element.name));
    }
    into = doc::child_document(envelope, element, arena);
    return {};
  };
  if (element.name == "id") {
    TRY(event.id, text());
  } else if (element.name == "op") {
    TRY(const std::string_view name, text());
    const std::optional<Op> op = op_from(name);
    if (!op) {
      return rejected(fmt::format("format event: unknown op \"{}\"", name));
    }
    event.op = *op;
    has_op = true;
  } else if (element.name == "stream") {
    TRY(event.stream, text());
  } else if (element.name == "at") {
    TRY(const std::string_view time, text());
    TRY(event.at, timestamp_of(time));
  } else if (element.name == "key") {
    return document(event.key);
  } else if (element.name == "before") {
    return document(event.before);
  } else if (element.name == "after") {
    return document(event.after);
  } else if (element.name == "meta") {
    return document(event.meta);
  } else if (element.name == "raw") {
    TRY(event.raw, text());
    event.has_raw = true;
  } else if (element.name == "raw_base64") {
    TRY(const std::string_view encoded, text());
    TRY(event.raw, decode_base64(encoded, arena));
    event.has_raw = true;
  } else {
    return rejected(fmt::format("format event: unknown field \"{}\"", element.name));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Encoder>> EventEncoder::make(Settings /*settings*/,
                                                    const Context& /*context*/) {
  return std::make_unique<EventEncoder>();
}

Result<> EventEncoder::encode(const Event& event, std::string& out) const {
  const bool is_stored = event.has_raw && event.after && stored_event_of(event);
  const bool is_raw = event.has_raw && !event.key && !event.before && !event.after;
  const size_t expected = event.bytes() + event.bytes() / 2;
  if (!is_stored && !is_raw) {
    doc::TextOut text(out, expected);
    put_head(event, true, text);
    put_tail(event, text);
    return {};
  }
  {
    doc::TextOut text(out, expected);
    put_head(event, !is_stored, text);
  }
  if (is_stored) {
    out.append(",\"after\":");
    append_stored_event(event, out);
  } else {
    append_raw_member(event.raw, out);
  }
  doc::TextOut text(out, event.meta.size());
  put_tail(event, text);
  return {};
}

Result<std::unique_ptr<Decoder>> EventDecoder::make(Settings /*settings*/,
                                                    const Context& /*context*/) {
  return std::make_unique<EventDecoder>();
}

Result<> EventDecoder::decode(Event& event, Arena& arena) const {
  thread_local doc::JsonReader reader;
  TRY(const Document envelope, reader.read(event.raw, arena));
  bool has_op = false;
  Event decoded = event;
  decoded.has_raw = false;  // the envelope is not the payload; its `raw` is
  decoded.raw = {};
  for (const doc::Element& element : doc::Elements(envelope)) {
    TRY(take_field(envelope, element, decoded, has_op, arena));
  }
  if (!has_op) {
    return rejected("format event: no \"op\"");
  }
  event = decoded;
  return {};
}

}  // namespace penstock::codecs
