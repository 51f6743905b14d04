#include "dead_letters/letter_record.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <new>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/format.h"
#include "base/hash.h"
#include "base/json_string.h"
#include "base/utf8.h"
#include "core/order_key.h"
#include "doc/bson.h"
#include "doc/json.h"

namespace penstock::dead_letters {

namespace {

constexpr std::string_view kKind = "penstock_dead_letter";
constexpr std::string_view kHash = ",\"hash\":\"";
constexpr std::string_view kRecord = ",\"record\":\"";
constexpr size_t kHashDigits = 16;
constexpr int kDepthMax = 128;  // what a BsonWriter can make

// All numbers but single bytes have eight bytes, lengths too.
using RecordWriter = ByteWriter<uint64_t>;
using RecordReader = ByteReader<uint64_t>;

bool is_printable(std::string_view bytes) {
  return is_utf8(bytes) && std::ranges::none_of(bytes, [](char c) { return c >= 0 && c < ' '; });
}

void member(std::string_view name, std::string_view value, std::string& out) {
  out += ",\"";
  out += name;
  if (is_utf8(value)) {
    out += "\":";
    append_json_string(value, out);
    return;
  }
  out += "_base64\":\"";
  append_base64(value, out);
  out += '"';
}

void member(std::string_view name, const Document& document, std::string& out) {
  if (document) {
    out += ",\"";
    out += name;
    out += "\":";
    doc::append_json(document, out);
  }
}

void put_document(const Document& document, RecordWriter& to) {
  to.flag(document.present());
  if (!document) {
    return;
  }
  to.bytes(document.bytes());
  to.count(document.losses().size());
  for (const Loss& loss : document.losses()) {
    to.number(static_cast<uint8_t>(loss.type));
    to.bytes(loss.path);
    to.bytes(loss.text);
  }
}

std::string record_of(const DeadLetter& letter, const LetterPlace& place) {
  const Event& event = *letter.event;
  std::string record;
  RecordWriter to(record);
  to.number(place.sequence);
  to.number(place.write_first);
  to.number(letter.at.micros);
  to.flag(letter.quarantined);
  for (const std::string_view text : {place.pipeline, letter.sink, letter.error, letter.part,
                                      std::string_view(letter.position)}) {
    to.bytes(text);
  }
  to.bytes(event.id);
  to.bytes(event.order);
  to.bytes(event.stream);
  to.number(static_cast<uint8_t>(event.op));
  to.flag(false);  // no version: events had one once, and the format still has its place
  to.number(uint64_t{0});
  to.number(event.at.micros);
  to.bytes(kept_key_of(event));
  to.flag(event.has_raw);
  to.bytes(event.has_raw ? event.raw : std::string_view());
  for (const Document* document : {&event.key, &event.before, &event.after, &event.meta}) {
    put_document(*document, to);
  }
  return record;
}

Result<Document> take_document(RecordReader& from, Arena& arena) {
  if (!from.flag()) {
    return Document();
  }
  const std::string_view bson = from.bytes();
  TRY(doc::check_bson(bson, kDepthMax));
  const uint64_t count = from.count();
  if (count > from.left() || from.failed()) {  // a loss takes more than a byte
    return rejected("dead letter: a document is cut");
  }
  const auto* const bytes = reinterpret_cast<const uint8_t*>(arena.copy(bson).data());
  if (count == 0) {
    return Document(bytes);
  }
  char* const memory = arena.allocate(sizeof(std::span<const Loss>) + count * sizeof(Loss));
  Loss* const losses = reinterpret_cast<Loss*>(memory + sizeof(std::span<const Loss>));
  for (uint64_t i = 0; i < count; ++i) {
    const uint8_t type = from.number<uint8_t>();
    if (type > static_cast<uint8_t>(Loss::Type::name)) {
      return rejected("dead letter: a loss of an unknown type");
    }
    const std::string_view path = from.bytes();
    const std::string_view text = from.bytes();
    new (losses + i) Loss{.path = path, .type = static_cast<Loss::Type>(type), .text = text};
  }
  return Document(bytes, new (memory) std::span<const Loss>(losses, count));
}

// The kept key of a letter of version 1, which has its hash only.
std::string key_of_version_1(const Hash128& old, const Event& event) {
  if (old.is_zero()) {
    return {};
  }
  return old == old_order_key_of(event.stream, event.key) ? kept_key_of(event.stream, event.key)
                                                          : kept_old_key(old);
}

Result<> take_event(RecordReader& from, uint64_t version, StoredLetter& letter, EventBlock& block) {
  Event event;
  Hash128 old;
  event.id = from.bytes();
  event.order = from.bytes();
  event.stream = from.bytes();
  const std::optional<Op> op = op_from_number(from.number<uint8_t>());
  if (!op) {
    return rejected("dead letter: an unknown operation");
  }
  event.op = *op;
  static_cast<void>(from.flag());  // the version that events had once
  static_cast<void>(from.number<uint64_t>());
  event.at.micros = from.number<int64_t>();
  if (version == 1) {
    old.low = from.number<uint64_t>();
    old.high = from.number<uint64_t>();
  } else {
    letter.key = from.bytes();
    if (!letter.key.empty() && !is_kept_key(letter.key)) {
      return rejected("dead letter: its key is damaged");
    }
  }
  event.has_raw = from.flag();
  event.raw = block.arena.copy(from.bytes());  // with the padding that parsers need
  for (Document* document : {&event.key, &event.before, &event.after, &event.meta}) {
    TRY(*document, take_document(from, block.arena));
  }
  if (version == 1) {
    letter.key = key_of_version_1(old, event);
  }
  block.events.push_back(event);
  return {};
}

Result<LetterLine> decode_record(std::string_view record, uint64_t version,
                                 std::shared_ptr<EventBlock> block) {
  RecordReader from(record);
  LetterLine line;
  line.letter.sequence = from.number<uint64_t>();
  line.write_first = from.number<uint64_t>();
  line.letter.at.micros = from.number<int64_t>();
  line.letter.quarantined = from.flag();
  line.letter.pipeline = from.bytes();
  line.letter.sink = from.bytes();
  line.letter.error = from.bytes();
  line.letter.part = from.bytes();
  const std::string_view position = from.bytes();
  if (is_printable(position)) {
    line.letter.position_text = position;
  } else {
    append_base64(position, line.letter.position_text);
  }
  TRY(take_event(from, version, line.letter, *block));
  if (from.failed() || from.left() != 0 || line.letter.sequence == 0 ||
      line.write_first > line.letter.sequence) {
    return rejected("dead letter: the record is cut or damaged");
  }
  line.letter.block = std::move(block);
  return line;
}

}  // namespace

void seal_line(size_t start, std::string& out) {
  const uint64_t hash = hash64(std::string_view(out).substr(start));
  out += kHash;
  append_format(out, "{:016x}\"}}\n", hash);
}

Result<std::string_view> open_line(std::string_view line, std::string_view kind, uint64_t version) {
  const auto torn = [] { return rejected("the line is torn or damaged"); };
  const std::string front = fmt::format("{{\"{}\":", kind);
  if (!line.starts_with(front)) {
    return torn();
  }
  // Before the hash: a later version may seal its lines otherwise, and must not count as torn.
  uint64_t found = 0;
  const char* const end = line.data() + line.size();
  const auto [next, code] = std::from_chars(line.data() + front.size(), end, found);
  if (code != std::errc{} || next == end || *next != ',') {
    return torn();
  }
  if (found > version) {
    return fatal(
        fmt::format("it has version {}, and this Penstock reads versions up to {}; run "
                    "the Penstock that wrote it, or a later one",
                    found, version));
  }
  const size_t tail = kHash.size() + kHashDigits + 2;  // and "}
  if (line.size() < front.size() + tail || !line.ends_with("\"}")) {
    return torn();
  }
  const std::string_view body = line.substr(0, line.size() - tail);
  const std::string_view seal = line.substr(body.size());
  if (!seal.starts_with(kHash) ||
      seal.substr(kHash.size(), kHashDigits) != fmt::format("{:016x}", hash64(body))) {
    return torn();
  }
  return body;
}

void append_line(const DeadLetter& letter, const LetterPlace& place, std::string& out) {
  const Event& event = *letter.event;
  const size_t start = out.size();
  append_format(out, "{{\"{}\":{},\"sequence\":{},\"at\":\"{}\"", kKind, kLetterVersion,
                place.sequence, to_iso8601(letter.at));
  member("pipeline", place.pipeline, out);
  member("sink", letter.sink, out);
  member("error", letter.error, out);
  out += letter.quarantined ? ",\"quarantined\":true" : ",\"quarantined\":false";
  member("part", letter.part, out);
  member("position", std::string_view(letter.position), out);
  append_format(out, ",\"op\":\"{}\"", name_of(event.op));
  member("stream", event.stream, out);
  member("id", event.id, out);
  member("key", event.key, out);
  member("before", event.before, out);
  member("after", event.after, out);
  member("meta", event.meta, out);
  if (event.has_raw) {
    member("raw", event.raw, out);
  }
  out += kRecord;
  append_base64(record_of(letter, place), out);
  out += '"';
  seal_line(start, out);
}

Result<LetterLine> parse_line(std::string_view line) {
  TRY(const std::string_view body, open_line(line, kKind, kLetterVersion));
  const size_t at = body.rfind(kRecord);
  if (at == std::string_view::npos || !body.ends_with('"')) {
    return rejected("the line has no record");
  }
  const size_t begin = at + kRecord.size();
  if (begin >= body.size()) {
    return rejected("the line has no record");
  }
  const std::string_view text = body.substr(begin, body.size() - 1 - begin);
  // Small blocks: a listing holds many letters.
  auto block = std::make_shared<EventBlock>(1024);
  TRY(const std::string_view record, decode_base64(text, block->arena));
  const uint64_t version = body.starts_with(fmt::format("{{\"{}\":1,", kKind)) ? 1 : 2;
  return decode_record(record, version, std::move(block));
}

}  // namespace penstock::dead_letters
