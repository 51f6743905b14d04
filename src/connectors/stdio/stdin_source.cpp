#include "connectors/stdio/stdin_source.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/digits.h"
#include "base/hash.h"
#include "config/fields.h"

namespace penstock {

namespace {

constexpr size_t kReadBytes = size_t{64} << 10;
constexpr size_t kKeptOfLongLine = size_t{64} << 10;

class StdinReader final : public Reader {
 public:
  StdinReader(Stdio stdio, Clock& clock, size_t line_max, uint64_t generation)
      : stdio_(stdio), clock_(clock), line_max_(line_max) {
    std::array<char, kTagSize> tag;
    write_tag(generation, tag.data());
    id_prefix_.append(tag.data(), tag.size()) += '/';
  }

  Result<Read> read(EventBlock& block, const ReadLimits& limits, Stop stop) override {
    const size_t first = block.events.size();
    Read read;
    if (!take_kept_lines(block, limits)) {
      TRY(fill(block, limits, stop));
    }
    const Timestamp now = clock_.wall();
    for (size_t i = first; i < block.events.size(); ++i) {
      block.events[i].at = now;
    }
    read.end = ended_ && kept_.empty();
    read.caught_up = kept_.find('\n') == std::string::npos;
    read.position = fmt::format("1 {}", lines_);
    return read;
  }
  Result<> commit(const Position& /*position*/, Stop /*stop*/) override { return {}; }

 private:
  // Lines that an earlier read had no room for. They are copied: the bytes were in its arena.
  bool take_kept_lines(EventBlock& block, const ReadLimits& limits) {
    if (!ended_ && kept_.find('\n') == std::string::npos) {
      return false;
    }
    const std::string_view bytes = block.arena.copy(kept_);
    kept_.clear();
    take_lines(block, bytes, limits);
    return true;
  }

  Result<> fill(EventBlock& block, const ReadLimits& limits, Stop stop) {
    const size_t kept = kept_.size();
    char* const buffer = block.arena.allocate(kept + kReadBytes);
    std::memcpy(buffer, kept_.data(), kept);
    auto got = stdio_.read({buffer + kept, kReadBytes}, limits.wait, stop);
    if (!got) {
      return std::unexpected(got.error());
    }
    ended_ = got->end;
    block.arena.shrink_last(buffer, kept + got->size);
    if (got->size == 0 && !ended_) {
      return {};
    }
    kept_.clear();
    take_lines(block, {buffer, kept + got->size}, limits);
    return {};
  }

  void take_lines(EventBlock& block, std::string_view bytes, const ReadLimits& limits) {
    size_t taken = 0;
    for (uint32_t count = 0; !bytes.empty() && count < limits.events; ++count) {
      const size_t end = bytes.find('\n');
      const std::string_view line = bytes.substr(0, end);
      if (end == std::string_view::npos && !ended_ && !skipping_ && line.size() <= line_max_) {
        break;  // the rest of the line is still to come
      }
      if (taken > 0 && taken + line.size() > limits.bytes) {
        break;
      }
      taken += line.size();
      add_line(block, line, end == std::string_view::npos && !ended_);
      bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    }
    kept_.assign(bytes);
  }

  // `more`: the line goes on behind these bytes.
  void add_line(EventBlock& block, std::string_view line, bool more) {
    const bool tail_of_skipped = skipping_;
    skipping_ = more;
    if (tail_of_skipped) {
      return;  // the rest of a line that was rejected at its start
    }
    Event event;
    ++lines_;
    char* const place = block.arena.allocate(id_prefix_.size() + kDigitsMax + kDigitsSlack);
    std::memcpy(place, id_prefix_.data(), id_prefix_.size());
    const char* const id_end = write_uint64(lines_, place + id_prefix_.size());
    event.id = {place, static_cast<size_t>(id_end - place)};
    event.stream = "stdin";
    event.has_raw = true;
    event.raw = line;
    if (line.size() > line_max_) {
      event.raw = line.substr(0, kKeptOfLongLine);
      block.rejections.push_back(
          {static_cast<uint32_t>(block.events.size()),
           Error{Error::Kind::rejected,
                 fmt::format("stdin: line {} is longer than line_max ({} bytes); its first {} "
                             "bytes are kept",
                             lines_, line_max_, event.raw.size()),
                 std::nullopt}});
    }
    block.events.push_back(event);
  }

  Stdio stdio_;
  Clock& clock_;
  size_t line_max_;
  std::string id_prefix_ = "stdin/";  // and a tag unlike any other run's, for other lines
  std::string kept_;                  // read, and not yet given away
  uint64_t lines_ = 0;                // given away
  bool skipping_ = false;             // inside a line that is too long
  bool ended_ = false;
};

}  // namespace

void StdinSource::Settings::fields(config::FieldVisitor& visitor) {
  visitor.field("line_max", line_max,
                {.doc = "The longest line; a longer one is rejected.", .min = 1});
}

Result<std::unique_ptr<Source>> StdinSource::make(Settings settings, const Context& context) {
  return std::make_unique<StdinSource>(settings, context.clock, context.seed, Stdio());
}

SourceTraits StdinSource::traits() const {
  return {.progress = Progress::none, .wait = 100ms};
}

Result<std::vector<Part>> StdinSource::parts(const Checkpoint& /*checkpoint*/, Stop /*stop*/) {
  return std::vector<Part>{{"stdin"}};
}

Result<std::unique_ptr<Reader>> StdinSource::open(const Part& /*part*/,
                                                  const std::optional<Position>& /*position*/,
                                                  Signal /*signal*/, Stop /*stop*/) {
  const auto now = static_cast<uint64_t>(clock_.wall().micros);
  return std::make_unique<StdinReader>(stdio_, clock_, settings_.line_max.bytes,
                                       hash64("stdin", random_.next() ^ now));
}

}  // namespace penstock
