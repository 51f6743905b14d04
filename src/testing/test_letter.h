// TestLetter: a dead letter with everything set, for the tests of this folder. Owned by the test.
#pragma once

#include <string>

#include "core/dead_letter.h"
#include "core/order_key.h"
#include "doc/bson.h"

namespace penstock {

class TestLetter {
 public:
  explicit TestLetter(const std::string& id, const std::string& key = "k") {
    event.id = arena.copy(id);
    event.order = arena.copy(std::string("\0\1", 2) + id);
    event.stream = "shop.orders";
    event.op = Op::update;
    event.at = {1'700'000'000'000'000};
    doc::BsonWriter key_writer(arena);
    key_writer.string("_id", key);
    event.key = key_writer.finish();
    doc::BsonWriter after(arena);
    after.int32("n", 1);
    after.string("text", "a \"quoted\"\nline");
    event.after = after.finish();
    event.raw = arena.copy(std::string("raw \xff\0 bytes of ", 15) + id);
    event.has_raw = true;
    event.order_key = order_key_of({}, event.stream, event.key);
  }
  DeadLetter letter(bool quarantined = false) const {
    return {.event = &event,
            .sink = sink,
            .error = "mongodb: 121 Document failed validation",
            .part = "part-0",
            .position = std::string("\1\xfe", 2),
            .at = {1'700'000'001'000'000},
            .quarantined = quarantined};
  }

  Arena arena{1024};
  Event event;
  std::string sink = "mongodb";
};

}  // namespace penstock
