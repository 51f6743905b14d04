// What the encoders share: the payload of an event as JSON or as text, and rows of the event store.
// Pure; any thread.
#pragma once

#include <optional>
#include <string>

#include "core/event.h"

namespace penstock::codecs {

// One JSON value of any kind, as JSON defines it? The bytes must lie in an Arena (its padding is
// read), as every event's do.
bool is_json(std::string_view bytes);

// Valid JSON on one line: a line break in it can only be white space, and becomes a blank.
void append_json_on_one_line(std::string_view json, std::string& out);

// ,"raw":"…" or, for bytes that are no UTF-8, ,"raw_base64":"…"
void append_raw_member(std::string_view raw, std::string& out);

// A stored event, as the event_store source gives it: `after` is {stream, sequence, id, at, type,
// data} and `raw` holds the bytes of `data`.
struct StoredEvent {
  std::string_view id;
  std::string_view type;
  std::string_view at;
};
std::optional<StoredEvent> stored_event_of(const Event& event);

// The stored event as JSON, with `data` as it came where that is JSON.
void append_stored_event(const Event& event, std::string& out);

}  // namespace penstock::codecs
