#include "connectors/@name@/source.h"

#include <fmt/core.h>

#include <bit>
#include <charconv>
#include <cstring>
#include <span>

#include "base/sha256.h"
#include "net/address.h"
#include "net/http_client.h"

namespace penstock::@name@ {

namespace {

constexpr std::string_view kVersion = "1/";
constexpr size_t kOrderBytes = kGenerationBytes + sizeof(uint64_t);

struct Record {
  std::string bytes;
  // When it was made, as the service says: the same whenever it is read. A lake names folders by it
  // and would hold a record that comes again twice (ADR 0009).
  Timestamp at;
};

struct Page {
  std::string identity;  // of the log: another one where it was made anew; "": not known yet
  std::vector<Record> records;
};

// To be written: asks the service for at most `most` records from number `from` on. `transient`
// where it gave no answer, `lost_position` where it no longer has that record, `fatal` where a
// person must act.
Result<Page> fetch(net::HttpClient& /*client*/, const std::string& /*endpoint*/, uint64_t /*from*/,
                   uint32_t /*most*/, const Stop& /*stop*/) {
  return Page{};
}

class LogReader final : public Reader {
 public:
  LogReader(std::string endpoint, const Context& context, LogPosition position)
      : endpoint_(std::move(endpoint)), context_(context), position_(std::move(position)) {}

  Result<Read> read(EventBlock& block, const ReadLimits& limits, Stop stop) override {
    TRY(const Page page,
        fetch(context_.http, endpoint_, position_.next, std::max(limits.events, 1U), stop));
    if (position_.identity.empty()) {
      position_.identity = page.identity;
    }
    if (page.identity != position_.identity) {
      return fail(Error::Kind::lost_position,
                  fmt::format("@name@ {}: it is another log ({}) than the one of the position ({})",
                              endpoint_, page.identity, position_.identity));
    }
    size_t bytes = 0;
    size_t given = 0;
    const auto generation = sha256(position_.identity);  // the service's word: ADR 0019
    for (; given < page.records.size() && (given == 0 || bytes < limits.bytes); ++given) {
      add(page.records[given], generation, block);
      bytes += block.events.back().bytes();
    }
    return Read{.position = encode(position_), .caught_up = page.records.empty()};
  }
  Result<> commit(const Position& /*position*/, Stop /*stop*/) override { return {}; }

 private:
  void add(const Record& record, std::span<const uint8_t> generation, EventBlock& block) {
    Event event;
    char* const order = block.arena.allocate(kOrderBytes);
    const uint64_t number = std::byteswap(position_.next);
    std::memcpy(order, generation.data(), kGenerationBytes);
    std::memcpy(order + kGenerationBytes, &number, sizeof number);
    event.order = {order, kOrderBytes};
    event.id = block.arena.copy(fmt::format("{}/{}", position_.identity, position_.next));
    event.stream = "@name@";
    event.raw = block.arena.copy(record.bytes);
    event.has_raw = true;
    event.at = record.at;
    block.events.push_back(event);
    ++position_.next;
  }

  const std::string endpoint_;
  const Context context_;
  LogPosition position_;
};

}  // namespace

std::string encode(const LogPosition& position) {
  return fmt::format("{}{}/{}", kVersion, position.identity, position.next);
}

Result<LogPosition> decode_position(std::string_view bytes) {
  LogPosition position;
  const size_t slash = bytes.rfind('/');
  const std::string_view number = slash == std::string_view::npos ? "" : bytes.substr(slash + 1);
  const char* const end = number.data() + number.size();
  if (!bytes.starts_with(kVersion) || slash < kVersion.size() || number.empty() ||
      std::from_chars(number.data(), end, position.next).ptr != end) {
    return fail(Error::Kind::lost_position,
                fmt::format("@name@: cannot read the position \"{}\"", bytes));
  }
  position.identity = bytes.substr(kVersion.size(), slash - kVersion.size());
  return position;
}

void @Name@Source::Settings::fields(config::FieldVisitor& visitor) {
  visitor.field("endpoint", endpoint,
                {.doc = "Where the service is, http:// or https://.", .required = true});
}

// Without effects outside: `penstock check` calls it too.
Result<std::unique_ptr<Source>> @Name@Source::make(Settings settings, const Context& context) {
  TRY(net::parse_url(settings.endpoint));
  return std::unique_ptr<Source>(new @Name@Source(std::move(settings), context));
}

Result<std::vector<Part>> @Name@Source::parts(const Checkpoint& /*checkpoint*/, Stop /*stop*/) {
  return std::vector<Part>{{.id = "log"}};
}

Result<std::unique_ptr<Reader>> @Name@Source::open(const Part& /*part*/,
                                                   const std::optional<Position>& position,
                                                   Signal /*signal*/, Stop /*stop*/) {
  LogPosition start;
  if (position) {
    TRY(start, decode_position(*position));
  }
  return std::make_unique<LogReader>(settings_.endpoint, context_, std::move(start));
}

std::optional<Position> @Name@Source::position_before(const Position& end,
                                                      std::string_view order) const {
  auto position = decode_position(end);
  if (!position || order.size() != kOrderBytes) {
    return std::nullopt;
  }
  uint64_t number = 0;
  std::memcpy(&number, order.data() + kGenerationBytes, sizeof number);
  position->next = std::byteswap(number);
  return encode(*position);
}

}  // namespace penstock::@name@
