#include "connectors/generate/generate_source.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/format.h"
#include "base/hash.h"
#include "base/random.h"
#include "core/order.h"
#include "core/position.h"

namespace penstock {

namespace {

constexpr std::array<std::string_view, 12> kWords = {
    "amber", "basalt", "cedar",  "delta",     "ember",        "fjord",
    "grove", "harbor", "island", "caf\u00e9", "\u6771\u4eac", "\U0001F30D"};
constexpr std::string_view kPart = "generate";
constexpr uint32_t kPositionVersion = 1;
constexpr char kSeparator = ' ';
constexpr size_t kIdMax = 40;

uint64_t generation_of(int64_t seed) {
  return hash64("seed", static_cast<uint64_t>(seed));
}

// Where reading goes on with the record of this index.
Position encode(uint64_t index) {
  PositionWriter position(kPositionVersion, kSeparator);
  position.number(index);
  return position.finish();
}

class GenerateReader final : public Reader {
 public:
  GenerateReader(GenerateSource::Settings settings, Clock& clock, uint64_t next)
      : settings_(settings),
        clock_(clock),
        generation_(generation_of(settings.seed)),
        next_(next),
        first_(next),
        start_(clock.now()) {}

  Result<Read> read(EventBlock& block, const ReadLimits& limits, Stop /*stop*/) override {
    const uint64_t until = std::min(due(), next_ + limits.events);
    size_t bytes = 0;
    for (; next_ < until && bytes < limits.bytes; ++next_) {
      text_.clear();
      append_generated_record(static_cast<uint64_t>(settings_.seed), next_, text_);
      bytes += text_.size();
      add(block);
    }
    Read read;
    read.end = settings_.count > 0 && next_ >= static_cast<uint64_t>(settings_.count);
    read.caught_up = next_ >= due();
    read.position = encode(next_);
    return read;
  }
  Result<> commit(const Position& /*position*/, Stop /*stop*/) override { return {}; }

 private:
  // How many records there should be by now.
  uint64_t due() {
    const uint64_t count =
        settings_.count > 0 ? static_cast<uint64_t>(settings_.count) : UINT64_MAX / 2;
    if (settings_.rate <= 0) {
      return count;
    }
    const double seconds = std::chrono::duration<double>(clock_.now() - start_).count();
    const double by_now = std::floor(seconds * settings_.rate) + 1;
    return std::min(count, first_ + static_cast<uint64_t>(std::max(0.0, by_now)));
  }

  void add(EventBlock& block) {
    Event event;
    char* const place = block.arena.allocate(kOrderSize + kIdMax);
    event.order = write_order({.generation = generation_, .place = next_}, place);
    char* const id = place + kOrderSize;
    char* at = std::to_chars(id, id + 20, settings_.seed).ptr;
    *at++ = '/';
    at = std::to_chars(at, id + kIdMax, next_).ptr;
    event.id = {id, static_cast<size_t>(at - id)};
    event.stream = kPart;
    event.has_raw = true;
    event.raw = block.arena.copy(text_);
    event.at = clock_.wall();
    block.events.push_back(event);
  }

  GenerateSource::Settings settings_;
  Clock& clock_;
  uint64_t generation_;  // leads the order: records of another seed are others
  uint64_t next_;        // index of the next record
  uint64_t first_;       // where this run began
  Instant start_;
  std::string text_;
};

}  // namespace

void append_generated_record(uint64_t seed, uint64_t index, std::string& out) {
  Random random(seed * 0x9e3779b97f4a7c15ULL + index);
  // Drawn one by one: as arguments they would be drawn in an order that the compiler chooses.
  const uint64_t id = random.next();
  const uint64_t device = random.below(20000);
  append_format(out, R"({{"id":"{:016x}","device":"sensor-{:05}","sequence":{},)", id, device,
                index);
  const char* const sign = random.below(4) == 0 ? "-" : "";
  const uint64_t degrees = random.below(60);
  const uint64_t hundredths = random.below(100);
  const bool active = random.below(2) == 0;
  const uint64_t total = random.next() >> 8;
  append_format(out, R"("temperature":{}{}.{:02},"active":{},"total":{},"note":")", sign, degrees,
                hundredths, active, total);
  for (const char behind : {' ', ' ', ' ', '"'}) {
    out += kWords[random.below(kWords.size())];
    out += behind;
  }
  const uint64_t latitude = random.below(90'000'000);
  const uint64_t longitude = random.below(180'000'000);
  append_format(out, R"(,"location":{{"lat":{}.{:06},"lon":{}.{:06}}},)", latitude / 1'000'000,
                latitude % 1'000'000, longitude / 1'000'000, longitude % 1'000'000);
  const uint64_t version = random.below(10 * 20 * 100);
  const std::string_view first_tag = kWords[random.below(kWords.size())];
  const std::string_view second_tag = kWords[random.below(kWords.size())];
  const uint64_t trace_high = random.next();
  const uint64_t trace_low = random.next();
  append_format(out, R"("firmware":"v{}.{}.{}","tags":["{}","{}"],"trace":"{:016x}{:016x}"}})",
                version / 2000, version / 100 % 20, version % 100, first_tag, second_tag,
                trace_high, trace_low);
}

void GenerateSource::Settings::fields(config::FieldVisitor& visitor) {
  visitor.field("count", count, {.doc = "How many records; 0 is without end.", .min = 0});
  visitor.field("rate", rate, {.doc = "Records per second; 0 is as fast as they are taken."});
  visitor.field("seed", seed, {.doc = "The same seed makes the same records."});
}

Result<std::unique_ptr<Source>> GenerateSource::make(Settings settings, const Context& context) {
  if (!std::isfinite(settings.rate) || settings.rate < 0) {
    return fatal("generate: rate must be 0 or more");
  }
  return std::make_unique<GenerateSource>(settings, context.clock);
}

SourceTraits GenerateSource::traits() const {
  return {.progress = settings_.count > 0 ? Progress::saved : Progress::none,
          .generation_bytes = kOrderPiece};
}

std::string GenerateSource::fingerprint() const {
  return fmt::format("generate/{}", settings_.seed);
}

Result<std::vector<Part>> GenerateSource::parts(const Checkpoint& /*checkpoint*/, Stop /*stop*/) {
  return std::vector<Part>{{std::string(kPart)}};
}

Result<std::unique_ptr<Reader>> GenerateSource::open(const Part& /*part*/,
                                                     const std::optional<Position>& position,
                                                     Signal /*signal*/, Stop /*stop*/) {
  uint64_t next = 0;
  if (position) {
    PositionReader reader(*position, kSeparator);
    next = reader.number<uint64_t>();
    if (reader.version() != kPositionVersion || !reader.complete()) {
      return fail(Error::Kind::lost_position,
                  fmt::format("generate: cannot read the position \"{}\"", *position));
    }
  }
  return std::make_unique<GenerateReader>(settings_, clock_, next);
}

std::optional<Position> GenerateSource::position_before(const Position& /*end*/,
                                                        std::string_view order) const {
  const std::optional<Order> record = read_order(order);
  if (!record || record->generation != generation_of(settings_.seed)) {
    return std::nullopt;
  }
  return encode(record->place);
}

}  // namespace penstock
