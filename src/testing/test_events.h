// Builders of events, batches and blocks, which own all that these point into. EventBuilder sets
// one field after the other; TestEvents makes single events and documents; TestBatch and TestBlock
// keep several. Owned by a test; one thread.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "base/check.h"
#include "core/codec.h"
#include "core/order_key.h"
#include "core/sink.h"
#include "doc/json.h"

namespace penstock {

inline Document test_document(std::string_view json, Arena& arena) {
  doc::JsonReader reader;
  auto read = reader.read(arena.copy(json), arena);
  CHECK(read.has_value());
  return *read;
}

// An event without a key, of the stream `orders`, until something else is said.
class EventBuilder {
 public:
  explicit EventBuilder(Arena& arena) : arena_(arena) {
    event_.id = "id-1";
    event_.stream = "orders";
    event_.at = {1'706'702'400'000'000};
  }
  EventBuilder& id(std::string_view id) {
    event_.id = arena_.copy(id);
    return *this;
  }
  EventBuilder& stream(std::string_view stream) {
    event_.stream = arena_.copy(stream);
    return *this;
  }
  EventBuilder& op(Op op) {
    event_.op = op;
    return *this;
  }
  EventBuilder& at(Timestamp at) {
    event_.at = at;
    return *this;
  }
  EventBuilder& order(std::string_view bytes) {
    event_.order = arena_.copy(bytes);
    return *this;
  }
  EventBuilder& order(uint64_t number) {  // 8 bytes, big-endian
    std::string bytes;
    for (int shift = 56; shift >= 0; shift -= 8) {
      bytes.push_back(static_cast<char>(number >> shift));
    }
    return order(bytes);
  }
  EventBuilder& raw(std::string_view bytes) {
    event_.raw = arena_.copy(bytes);
    event_.has_raw = true;
    return *this;
  }
  EventBuilder& key(std::string_view json) {
    event_.key = test_document(json, arena_);
    return *this;
  }
  EventBuilder& before(std::string_view json) {
    event_.before = test_document(json, arena_);
    return *this;
  }
  EventBuilder& after(std::string_view json) {
    event_.after = test_document(json, arena_);
    return *this;
  }
  EventBuilder& meta(std::string_view json) {
    event_.meta = test_document(json, arena_);
    return *this;
  }
  // Its order key is the default one, with the secret of tests.
  Event event() const {
    Event event = event_;
    event.order_key = order_key_of({}, event.stream, event.key);
    return event;
  }

 private:
  Arena& arena_;
  Event event_;
};

class TestEvents {
 public:
  EventBuilder event() { return EventBuilder(arena_); }
  Event raw(std::string_view bytes) { return event().raw(bytes).event(); }
  Document document(std::string_view json) { return test_document(json, arena_); }
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
};

// Events that lie together in a batch, each at the index at which it was added.
class TestBatch {
 public:
  // Its messages come behind this order of their part.
  explicit TestBatch(uint64_t order_before = 0) : order_(order_before) {}
  EventBuilder event() { return EventBuilder(arena_); }
  TestBatch& add(const Event& event) {
    events_.push_back(event);
    batch_.events.push_back(&events_.back());
    return *this;
  }
  // Adds `count` messages of `stream`, `<name>-0` and so on, which is the id and the payload of
  // each, in growing order.
  TestBatch& messages(std::string_view name, uint32_t count, std::string_view stream = "orders") {
    for (uint32_t i = 0; i < count; ++i) {
      const std::string text = std::string(name) + "-" + std::to_string(i);
      ++order_;
      add(event().id(text).stream(stream).raw(text).order(order_).event());
    }
    return *this;
  }
  const Event& operator[](size_t i) const { return events_[i]; }
  size_t size() const { return events_.size(); }
  Batch& batch() { return batch_; }

 private:
  Arena arena_;
  std::deque<Event> events_;  // stay where they are
  Batch batch_;
  uint64_t order_;  // of the last message
};

// A block as a read stage leaves it.
class TestBlock {
 public:
  EventBuilder event() { return EventBuilder(block_->arena); }
  TestBlock& add(const Event& event) {
    block_->events.push_back(event);
    return *this;
  }
  TestBlock& reject(const Event& event, std::string why) {
    block_->rejections.push_back({.index = static_cast<uint32_t>(block_->events.size()),
                                  .error = rejected(std::move(why)).error()});
    return add(event);
  }
  std::shared_ptr<EventBlock> freeze() { return std::exchange(block_, nullptr); }

 private:
  std::shared_ptr<EventBlock> block_ = std::make_shared<EventBlock>();
};

// Numbers that no machine number holds, and what else JSON allows.
constexpr std::string_view kHardJson =
    R"({"n":12345678901234567890123456789012345678901234567890,"e":1e400,"f":1.0,"z":-0,)"
    R"("t":"é😀\n"})";

}  // namespace penstock
