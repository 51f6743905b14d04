#include "connectors/event_store/stored_event.h"

#include <chrono>
#include <cstring>
#include <new>

#include "base/hash.h"
#include "base/utf8.h"
#include "doc/bson.h"

namespace penstock::event_store {

namespace {

// A BSON string must be UTF-8; a name that is none stays exact as bytes.
void add_text(doc::BsonWriter& writer, std::string_view name, std::string_view text) {
  if (is_utf8(text)) {
    writer.string(name, text);
  } else {
    writer.binary(name, text);
  }
}

std::string_view joined(std::string_view front, std::string_view back, Arena& arena) {
  char* const bytes = arena.allocate(front.size() + back.size());
  std::memcpy(bytes, front.data(), front.size());
  std::memcpy(bytes + front.size(), back.data(), back.size());
  return {bytes, front.size() + back.size()};
}

// What BSON could not say in the nested document is still beside the whole.
Document with_losses(const Document& document, std::span<const Loss> losses, Arena& arena) {
  char* const memory = arena.allocate(sizeof(std::span<const Loss>) + losses.size_bytes());
  Loss* const copies = reinterpret_cast<Loss*>(memory + sizeof(std::span<const Loss>));
  for (size_t i = 0; i < losses.size(); ++i) {
    new (copies + i) Loss{.path = joined("/data", losses[i].path, arena),
                          .type = losses[i].type,
                          .text = losses[i].text};
  }
  const auto* const span = new (memory) std::span<const Loss>(copies, losses.size());
  return Document(document.data(), span);
}

std::optional<int> digits(std::string_view text) {
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') {
      return std::nullopt;
    }
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

std::optional<Timestamp> parse_stored_at(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd.ddddddZ";
  if (text.size() != kShape.size()) {
    return std::nullopt;
  }
  for (size_t i = 0; i < text.size(); ++i) {
    if (kShape[i] != 'd' && text[i] != kShape[i]) {
      return std::nullopt;
    }
  }
  const auto year = digits(text.substr(0, 4));
  const auto month = digits(text.substr(5, 2));
  const auto day = digits(text.substr(8, 2));
  const auto hour = digits(text.substr(11, 2));
  const auto minute = digits(text.substr(14, 2));
  const auto second = digits(text.substr(17, 2));
  const auto micros = digits(text.substr(20, 6));
  if (!year || !month || !day || !hour || !minute || !second || !micros) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) {
    return std::nullopt;
  }
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const int64_t seconds = ((days * 24 + *hour) * 60 + *minute) * 60 + *second;
  return Timestamp{seconds * 1'000'000 + *micros};
}

StoredEvents::StoredEvents(std::string_view identity) : generation_(hash64(identity)) {}

void StoredEvents::append(const Row& row, EventBlock& block) {
  Arena& arena = block.arena;
  Event event;
  event.op = Op::insert;
  event.stream = arena.copy(row.stream);
  event.id = arena.copy(row.id);
  event.raw = arena.copy(row.data);
  event.has_raw = true;
  event.at = parse_stored_at(row.at).value_or(Timestamp{});
  event.order =
      write_order({.generation = generation_, .place = static_cast<uint64_t>(row.sequence)},
                  arena.allocate(kOrderSize));
  doc::BsonWriter key(arena, 16 + row.id.size());
  add_text(key, "id", row.id);
  event.key = key.finish();
  event.after = after(row, event.raw, arena);
  block.events.push_back(event);
}

std::optional<int64_t> StoredEvents::sequence_of(std::string_view order) const {
  const std::optional<Order> row = read_order(order);
  if (!row || row->generation != generation_) {
    return std::nullopt;
  }
  return static_cast<int64_t>(row->place);
}

Document StoredEvents::after(const Row& row, std::string_view raw, Arena& arena) {
  const Result<Document> parsed = json_.read(raw, arena);
  const size_t size = parsed ? parsed->size() : raw.size();
  doc::BsonWriter writer(arena, 128 + row.stream.size() + row.id.size() + row.type.size() + size);
  add_text(writer, "stream", row.stream);
  writer.int64("sequence", row.sequence);
  add_text(writer, "id", row.id);
  add_text(writer, "at", row.at);
  add_text(writer, "type", row.type);
  if (!parsed) {
    add_text(writer, "data", raw);
    return writer.finish();
  }
  writer.document("data", *parsed);
  const Document document = writer.finish();
  return parsed->losses().empty() ? document : with_losses(document, parsed->losses(), arena);
}

}  // namespace penstock::event_store
