#include "dead_letters/replay.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <unordered_set>

#include "base/check.h"
#include "base/number.h"
#include "core/copy_event.h"
#include "core/failures.h"
#include "core/order.h"

namespace penstock::dead_letters {

namespace {

constexpr size_t kPage = 500;

// The letter's event, its order made of its place in the replay and its number in the log. Where
// decoding or a transform rejected it they find the payload as they did then: the key beside it is
// what they had made of it.
Event copied(const StoredLetter& letter, uint64_t index, Arena& arena) {
  Event copy = copy_event(letter.event(), arena);
  if (letter.sink.empty() && is_payload_only(copy)) {
    copy.key = {};
  }
  copy.order =
      write_order({.generation = index, .place = letter.sequence}, arena.allocate(kOrderSize));
  return copy;
}

// A position is how many of the letters are behind it.
Position encode_position(uint64_t index) {
  return std::to_string(index);
}

class ReplayReader final : public Reader {
 public:
  ReplayReader(DeadLetterArchive& archive, Waiting& waiting, const ReplayLetters& letters)
      : archive_(archive), waiting_(waiting), letters_(letters) {}

  Result<Read> read(EventBlock& block, const ReadLimits& limits, Stop stop) override;
  Result<> commit(const Position& position, Stop stop) override;

 private:
  Result<const StoredLetter*> letter(uint64_t sequence, Stop stop);

  DeadLetterArchive& archive_;
  Waiting& waiting_;
  const ReplayLetters& letters_;

  // Of the hand that reads.
  std::vector<StoredLetter> page_;  // of the archive
  size_t next_ = 0;                 // of the letters

  // Of the hand that commits.
  size_t committed_ = 0;  // of the letters
};

Result<const StoredLetter*> ReplayReader::letter(uint64_t sequence, Stop stop) {
  if (page_.empty() || sequence < page_.front().sequence || sequence > page_.back().sequence) {
    TRY(page_, archive_.list(sequence - 1, kPage, stop));
  }
  const auto found = std::ranges::lower_bound(page_, sequence, {}, &StoredLetter::sequence);
  if (found == page_.end() || found->sequence != sequence) {
    return fatal(fmt::format(
        "dead letters: number {} was taken out of the log while it was replayed; start again",
        sequence));
  }
  return &*found;
}

Result<Read> ReplayReader::read(EventBlock& block, const ReadLimits& limits, Stop stop) {
  // Through decoding and transforms only a position tells what went back, so it has to be that of
  // a single letter; a ReplaySink knows it of each.
  const size_t most = letters_.one_by_one ? 1 : std::max<size_t>(limits.events, 1);
  size_t bytes = 0;
  for (size_t count = 0; count < most && next_ < letters_.sequences.size(); ++count) {
    TRY(const StoredLetter* const stored, letter(letters_.sequences[next_], stop));
    if (count > 0 && bytes + stored->event().bytes() > limits.bytes) {
      break;
    }
    bytes += stored->event().bytes();
    block.events.push_back(copied(*stored, next_, block.arena));
    ++next_;
  }
  const bool end = next_ == letters_.sequences.size();
  return Read{.position = encode_position(next_), .caught_up = end, .end = end};
}

Result<> ReplayReader::commit(const Position& position, Stop stop) {
  const std::optional<size_t> up_to = number_from<size_t>(position);
  if (!up_to || *up_to > letters_.sequences.size()) {
    return fatal(fmt::format("dead letters: '{}' is no position of a replay", position));
  }
  if (*up_to > committed_) {
    const size_t count = *up_to - committed_;
    TRY(waiting_.mark(std::span(letters_.sequences).subspan(committed_, count), stop));
    committed_ = *up_to;
  }
  return {};
}

class ReplaySource final : public Source {
 public:
  ReplaySource(DeadLetterArchive& archive, Waiting& waiting, ReplayLetters letters)
      : archive_(archive), waiting_(waiting), letters_(std::move(letters)) {}

  SourceTraits traits() const override { return {.progress = Progress::source_owned}; }
  std::string fingerprint() const override { return "dead_letters/" + letters_.place; }
  Result<std::vector<Part>> parts(const Checkpoint&, Stop) override {
    return std::vector<Part>{{.id = "dead-letters"}};
  }
  Result<std::unique_ptr<Reader>> open(const Part&, const std::optional<Position>&, Signal,
                                       Stop) override {
    return std::make_unique<ReplayReader>(archive_, waiting_, letters_);
  }
  std::optional<Position> position_before(const Position& /*end*/,
                                          std::string_view order) const override {
    const std::optional<Order> place = read_order(order);
    return place ? std::optional(encode_position(place->generation)) : std::nullopt;
  }

 private:
  DeadLetterArchive& archive_;
  Waiting& waiting_;
  const ReplayLetters letters_;
};

}  // namespace

Result<std::vector<uint64_t>> may_be_overtaken(
    DeadLetterArchive& archive, std::span<const uint64_t> sequences,
    const std::function<bool(const StoredLetter&)>& is_held, Stop stop) {
  const std::unordered_set<uint64_t> wanted(sequences.begin(), sequences.end());
  std::vector<uint64_t> found;
  TRY(for_each_letter(archive, stop, [&](const StoredLetter& letter) {
    // Without a key there is no order to break.
    if (wanted.contains(letter.sequence) && !letter.key.empty() &&
        !(letter.quarantined && is_held(letter))) {
      found.push_back(letter.sequence);
    }
  }));
  return found;
}

Result<std::vector<Failure>> ReplaySink::write(const Batch& batch, Stop stop) {
  TRY(std::vector<Failure> failures, sink_->write(batch, stop));
  if (flaw_of(failures, batch.events.size())) {
    return failures;  // the engine says so, and believes nothing of it
  }
  std::vector<bool> failed(batch.events.size());
  for (const Failure& failure : failures) {
    failed[failure.index] = true;
  }
  for (size_t i = 0; i < batch.events.size(); ++i) {
    if (!failed[i]) {
      const std::optional<Order> place = read_order(batch.events[i]->order);
      CHECK(place.has_value());  // it passes on what a ReplayReader gave, no more
      taken_.at(batch.slot).push_back(place->place);
    }
  }
  return failures;
}

std::unique_ptr<Source> make_replay_source(DeadLetterArchive& archive, Waiting& waiting,
                                           ReplayLetters letters) {
  return std::make_unique<ReplaySource>(archive, waiting, std::move(letters));
}

}  // namespace penstock::dead_letters
