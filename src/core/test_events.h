// TestEvents: events for tests of codecs and transforms, with everything they point into. Owned by
// a test; one thread.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "core/codec.h"
#include "doc/json.h"

namespace penstock {

class TestEvents {
 public:
  Event raw(std::string_view bytes) {
    Event event;
    event.id = "id-1";
    event.stream = "orders";
    event.raw = arena_.copy(bytes);
    event.has_raw = true;
    event.at = {1'706'702'400'000'000};
    return event;
  }
  Document document(std::string_view json) {
    auto read = reader_.read(arena_.copy(json), arena_);
    EXPECT_TRUE(read) << json << ": " << read.error().what;
    return *read;
  }
  static std::string encode(const Encoder& encoder, const Event& event) {
    std::string out = "before ";
    const auto encoded = encoder.encode(event, out);
    return encoded ? out.substr(7) : std::string("error: ") + encoded.error().what;
  }
  static std::string json(const Document& document) {
    std::string out;
    if (document) {
      doc::append_json(document, out);
    }
    return out;
  }
  Arena& arena() { return arena_; }

 private:
  Arena arena_;
  doc::JsonReader reader_;
};

// Numbers that no machine number holds, and what else JSON allows.
constexpr std::string_view kHardJson =
    R"({"n":12345678901234567890123456789012345678901234567890,"e":1e400,"f":1.0,"z":-0,)"
    R"("t":"é😀\n"})";

}  // namespace penstock
