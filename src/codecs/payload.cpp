#include "codecs/payload.h"

#include <array>

#include "base/base64.h"
#include "base/json_string.h"
#include "base/utf8.h"
#include "doc/bson.h"
#include "doc/json.h"

namespace penstock::codecs {

namespace {

constexpr std::array<std::string_view, 6> kStoredFields = {"stream", "sequence", "id",
                                                           "at",     "type",     "data"};

}  // namespace

bool is_json(std::string_view bytes) {
  return doc::is_valid_json(bytes);
}

void append_json_on_one_line(std::string_view json, std::string& out) {
  if (json.ends_with('\n')) {
    json.remove_suffix(1);  // the line's own end is no inner line break
  }
  const size_t start = out.size();
  out.append(json);
  for (size_t at = out.find_first_of("\r\n", start); at != std::string::npos;
       at = out.find_first_of("\r\n", at)) {
    out[at] = ' ';
  }
}

void append_raw_member(std::string_view raw, std::string& out) {
  if (is_utf8(raw)) {
    out.append(",\"raw\":");
    append_json_string(raw, out);
    return;
  }
  out.append(",\"raw_base64\":\"");
  append_base64(raw, out);
  out.push_back('"');
}

std::optional<StoredEvent> stored_event_of(const Event& event) {
  if (!event.has_raw || !event.after || event.op != Op::insert) {
    return std::nullopt;
  }
  StoredEvent stored;
  size_t count = 0;
  for (const doc::Element& element : doc::Elements(event.after)) {
    if (count == kStoredFields.size() || element.name != kStoredFields[count]) {
      return std::nullopt;
    }
    const bool named = count == 2 || count == 3 || count == 4;
    if (named && element.type != doc::Type::string) {
      return std::nullopt;
    }
    if (named) {
      (count == 2 ? stored.id : count == 3 ? stored.at : stored.type) = element.as_string();
    }
    ++count;
  }
  if (count != kStoredFields.size() || stored.id != event.id) {
    return std::nullopt;
  }
  return stored;
}

void append_stored_event(const Event& event, std::string& out) {
  if (!is_json(event.raw)) {
    doc::append_json(event.after, out);
    return;
  }
  out.append("{\"stream\":");
  append_json_string(doc::find(event.after, "stream")->as_string(), out);
  out.append(",\"sequence\":");
  const doc::Element sequence = *doc::find(event.after, "sequence");
  const bool text = sequence.type == doc::Type::string;
  if (text) {
    append_json_string(sequence.as_string(), out);
  } else {
    doc::append_text(sequence, out);
  }
  for (const std::string_view name : {"id", "at", "type"}) {
    out.append(",\"").append(name).append("\":");
    append_json_string(doc::find(event.after, name)->as_string(), out);
  }
  out.append(",\"data\":");
  append_json_on_one_line(event.raw, out);
  out.push_back('}');
}

}  // namespace penstock::codecs
