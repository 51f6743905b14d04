#include "codecs/cloudevents.h"

#include <fmt/core.h>

#include "base/base64.h"
#include "base/format.h"
#include "base/json_string.h"
#include "base/number.h"
#include "base/utf8.h"
#include "codecs/payload.h"
#include "codecs/time_text.h"
#include "doc/json.h"
#include "doc/losses.h"

namespace penstock::codecs {

namespace {

// What a URI reference takes in a segment of its path, unencoded.
bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

constexpr std::string_view kSource = "/penstock";  // and, behind a slash, the stream

void append_source(std::string_view stream, std::string& out) {
  out.push_back('"');
  out.append(kSource);
  if (!stream.empty()) {
    out.push_back('/');
  }
  for (const char c : stream) {
    if (is_unreserved(c)) {
      out.push_back(c);
    } else {
      append_format(out, "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  out.push_back('"');
}

void append_payload(std::string_view raw, std::string& out) {
  if (is_json(raw)) {
    // The payload's own text: every digit and every repeated name stays as it is.
    out.append(R"(,"datacontenttype":"application/json","data":)");
    append_json_on_one_line(raw, out);
  } else if (is_utf8(raw)) {
    out.append(R"(,"datacontenttype":"text/plain","data":)");
    append_json_string(raw, out);
  } else {
    out.append(R"(,"datacontenttype":"application/octet-stream","data_base64":")");
    append_base64(raw, out);
    out.push_back('"');
  }
}

void append_change(const Event& event, std::string& out) {
  out.append(R"(,"datacontenttype":"application/json","data":{"op":")");
  out.append(name_of(event.op)).push_back('"');
  const auto member = [&](std::string_view name, const Document& document) {
    if (document) {
      out.append(",\"").append(name).append("\":");
      doc::append_json(document, out);
    }
  };
  member("key", event.key);
  member("before", event.before);
  member("after", event.after);
  out.push_back('}');
}

std::optional<std::string_view> meta_type(const Event& event) {
  if (!event.meta) {
    return std::nullopt;
  }
  const auto found = doc::find(event.meta, "type");
  if (!found || found->type != doc::Type::string || found->as_string().empty()) {
    return std::nullopt;
  }
  return found->as_string();
}

}  // namespace

void CloudEventsEncoder::Settings::fields(config::FieldVisitor& visitor) {
  visitor.field("source", source,
                {.doc = "The attribute `source`; by default /penstock/ and the event's stream."});
  visitor.field("type", type,
                {.doc = "The attribute `type`; by default that of a stored event, else meta.type, "
                        "else penstock. and the op."});
}

Result<std::unique_ptr<Encoder>> CloudEventsEncoder::make(Settings settings,
                                                          const Context& /*context*/) {
  return std::make_unique<CloudEventsEncoder>(std::move(settings));
}

Result<> CloudEventsEncoder::encode(const Event& event, std::string& out) const {
  if (event.id.empty()) {
    return rejected("format cloudevents: an event without an id");
  }
  const auto stored = stored_event_of(event);
  out.append(R"({"specversion":"1.0","id":)");
  append_json_string(event.id, out);
  out.append(",\"source\":");
  if (settings_.source.empty()) {
    append_source(event.stream, out);
  } else {
    append_json_string(settings_.source, out);
  }
  out.append(",\"type\":");
  if (!settings_.type.empty()) {
    append_json_string(settings_.type, out);
  } else if (stored && !stored->type.empty()) {
    append_json_string(stored->type, out);
  } else if (const auto type = meta_type(event)) {
    append_json_string(*type, out);
  } else {
    out.append("\"penstock.").append(name_of(event.op)).push_back('"');
  }
  out.append(",\"time\":\"");
  append_iso8601(event.at, out);
  out.push_back('"');
  const bool has_images = event.key || event.before || event.after;
  if (event.has_raw && (stored || event.op == Op::message || !has_images)) {
    append_payload(event.raw, out);
  } else if (event.op == Op::message && event.after) {
    out.append(R"(,"datacontenttype":"application/json","data":)");
    doc::append_json(event.after, out);
  } else if (has_images) {
    append_change(event, out);
  }
  out.push_back('}');
  return {};
}

Result<std::unique_ptr<Decoder>> CloudEventsDecoder::make(Settings /*settings*/,
                                                          const Context& /*context*/) {
  return std::make_unique<CloudEventsDecoder>();
}

namespace {

// The payload's bytes of the attribute `data`: text as it is, everything else as JSON.
std::string_view bytes_of(const Document& envelope, const doc::Element& data, bool is_text,
                          Arena& arena) {
  if (is_text && data.type == doc::Type::string) {
    return data.as_string();
  }
  std::string text;
  if (data.type == doc::Type::document || data.type == doc::Type::array) {
    doc::append_json(doc::child_document(envelope, data, arena), text,
                     data.type == doc::Type::array ? doc::Shape::array : doc::Shape::object);
  } else if (data.type == doc::Type::null) {
    text = "null";
  } else {
    // A scalar has no document of its own: written inside one, its digits are its own.
    doc::BsonWriter writer(arena);
    writer.copy("", data);
    std::vector<Loss> losses;
    doc::take_losses(envelope, "/data", "/", arena, losses);
    doc::append_json(doc::with_losses(writer.finish(), losses, arena), text, doc::Shape::array);
    text = text.substr(1, text.size() - 2);
  }
  return arena.copy(text);
}

// The stream that append_source() made the source of; any other source is the stream itself.
std::string_view stream_of(std::string_view source, Arena& arena) {
  if (source == kSource) {
    return {};
  }
  if (!source.starts_with(kSource) || source[kSource.size()] != '/') {
    return source;
  }
  const std::string_view encoded = source.substr(kSource.size() + 1);
  std::string stream;
  for (size_t at = 0; at < encoded.size(); ++at) {
    if (is_unreserved(encoded[at])) {
      stream.push_back(encoded[at]);
      continue;
    }
    const std::string_view digits = encoded.substr(at + 1, 2);
    const std::optional<uint8_t> byte = number_from<uint8_t>(digits, 16);
    if (encoded[at] != '%' || digits.size() != 2 || !byte) {
      return source;
    }
    stream.push_back(static_cast<char>(*byte));
    at += 2;
  }
  return arena.copy(stream);
}

Result<std::string_view> required(const Document& envelope, std::string_view name) {
  const auto found = doc::find(envelope, name);
  if (!found || found->type != doc::Type::string || found->as_string().empty()) {
    return rejected(fmt::format("format cloudevents: no \"{}\"", name));
  }
  return found->as_string();
}

bool is_json_type(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  return type.empty() || type.ends_with("/json") || type.ends_with("+json");
}

}  // namespace

Result<> CloudEventsDecoder::decode(Event& event, Arena& arena) const {
  thread_local doc::JsonReader reader;
  TRY(const Document envelope, reader.read(event.raw, arena));
  TRY(const std::string_view version, required(envelope, "specversion"));
  if (!version.starts_with("1.")) {
    return rejected(fmt::format("format cloudevents: unknown specversion \"{}\"", version));
  }
  Event decoded = event;
  decoded.op = Op::message;
  TRY(decoded.id, required(envelope, "id"));
  TRY(const std::string_view source, required(envelope, "source"));
  decoded.stream = stream_of(source, arena);
  TRY(required(envelope, "type"));
  decoded.has_raw = false;
  decoded.raw = {};
  std::string_view content_type;
  if (const auto found = doc::find(envelope, "datacontenttype");
      found && found->type == doc::Type::string) {
    content_type = found->as_string();
  }
  doc::BsonWriter meta(arena);
  for (const doc::Element& element : doc::Elements(envelope)) {
    if (element.name == "data") {
      decoded.raw = bytes_of(envelope, element, !is_json_type(content_type), arena);
      decoded.has_raw = true;
      if (element.type == doc::Type::document) {
        decoded.after = doc::child_document(envelope, element, arena);
      }
    } else if (element.name == "data_base64" && element.type == doc::Type::string) {
      TRY(decoded.raw, decode_base64(element.as_string(), arena));
      decoded.has_raw = true;
    } else if (element.name == "time" && element.type == doc::Type::string) {
      TRY(decoded.at, timestamp_of(element.as_string()));
    } else if (element.name != "id" && element.name != "specversion") {
      meta.copy(element.name, element);
    }
  }
  decoded.meta = meta.finish();
  event = decoded;
  return {};
}

}  // namespace penstock::codecs
