#include "dead_letters/replay.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <deque>
#include <iterator>
#include <set>
#include <unordered_set>

#include "base/bytes.h"
#include "base/check.h"
#include "base/number.h"
#include "base/sha256.h"
#include "core/copy_event.h"
#include "core/order.h"

namespace penstock::dead_letters {

namespace {

constexpr size_t kPage = 500;

// The letter's event, in the order of the letters. Where decoding or a transform rejected it they
// find the payload as they did then: the key beside it is what they had made of it.
Event copied(const StoredLetter& letter, Arena& arena) {
  Event copy = copy_event(letter.event(), arena);
  if (letter.sink.empty() && is_payload_only(copy)) {
    copy.key = {};
  }
  char* const order = arena.allocate(kOrderPiece);
  write_order_piece(letter.sequence, order);
  copy.order = {order, kOrderPiece};
  return copy;
}

// What makes two letters of a sink the same change: its part, its place there, and all of it. Ids
// alone do not, for those of a foreign source may repeat.
using Identity = std::array<uint8_t, 32>;
Identity identity_of(const StoredLetter& letter) {
  const Event& event = letter.event();
  std::string bytes;
  ByteWriter<uint64_t> to(bytes);
  to.number(static_cast<uint8_t>(event.op));
  to.flag(event.has_raw);
  for (const std::string_view text :
       {std::string_view(letter.part), event.order, event.id, event.stream, event.raw}) {
    to.bytes(text);
  }
  for (const Document* document : {&event.key, &event.before, &event.after, &event.meta}) {
    to.flag(document->present());
    to.bytes(*document ? document->bytes() : std::string_view());
  }
  return sha256(bytes);
}

// copied() made its order of the letter's sequence.
uint64_t sequence_of(const Event& event) {
  const std::optional<uint64_t> sequence = read_order_piece(event.order);
  CHECK(sequence.has_value());
  return *sequence;
}

// Calls visit with every letter, in append order.
template <class Visit>
Result<> for_each(DeadLetterArchive& archive, Stop stop, const Visit& visit) {
  uint64_t after = 0;
  while (!stop.stop_requested()) {
    TRY(std::vector<StoredLetter> page, archive.list(after, kPage, stop));
    if (page.empty()) {
      return {};
    }
    after = page.back().sequence;
    for (StoredLetter& letter : page) {
      visit(std::move(letter));
    }
  }
  return fail(Error::Kind::cancelled, "reading the dead letters was stopped");
}

class ReplayReader final : public Reader {
 public:
  ReplayReader(DeadLetterArchive& archive, const ReplayChoice& choice, uint64_t last)
      : archive_(archive), choice_(choice), last_(last) {}

  Result<Read> read(EventBlock& block, const ReadLimits& limits, Stop stop) override;
  Result<> commit(const Position& position, Stop stop) override;

 private:
  DeadLetterArchive& archive_;
  const ReplayChoice& choice_;  // of the source
  uint64_t last_;
  std::deque<StoredLetter> page_;  // read from the archive, not looked at yet
  uint64_t after_ = 0;             // the last letter that was looked at
  std::deque<uint64_t> open_;      // given out, or repeats of such; not committed
  std::set<Identity> given_;       // of this sink
};

Result<Read> ReplayReader::read(EventBlock& block, const ReadLimits& limits, Stop stop) {
  // Through decoding and transforms only a position tells what went back, so it has to be that of
  // a single letter; a ReplaySink knows it of each.
  const size_t most = choice_.sink.empty() ? 1 : std::max<size_t>(limits.events, 1);
  if (page_.empty()) {
    TRY(std::vector<StoredLetter> page, archive_.list(after_, kPage, stop));
    page_.assign(std::make_move_iterator(page.begin()), std::make_move_iterator(page.end()));
  }
  const bool is_last = page_.empty();
  while (!page_.empty() && after_ < last_ && block.events.size() < most) {
    const StoredLetter letter = std::move(page_.front());
    page_.pop_front();
    after_ = letter.sequence;
    if (letter.sequence > last_ || !choice_.takes(letter)) {
      continue;
    }
    open_.push_back(letter.sequence);
    if (given_.insert(identity_of(letter)).second) {
      block.events.push_back(copied(letter, block.arena));
    }
  }
  const bool end = after_ >= last_ || is_last;
  return Read{.position = std::to_string(after_), .caught_up = end, .end = end};
}

Result<> ReplayReader::commit(const Position& position, Stop stop) {
  const std::optional<uint64_t> up_to = number_from<uint64_t>(position);
  if (!up_to) {
    return fatal(fmt::format("dead letters: '{}' is no position of a replay", position));
  }
  std::vector<uint64_t> done;
  for (const uint64_t sequence : open_) {
    if (sequence <= *up_to) {
      done.push_back(sequence);
    }
  }
  TRY(archive_.mark_replayed(done, stop));
  open_.erase(open_.begin(), open_.begin() + static_cast<ptrdiff_t>(done.size()));
  return {};
}

class ReplaySource final : public Source {
 public:
  ReplaySource(DeadLetterArchive& archive, ReplayChoice choice)
      : archive_(archive), choice_(std::move(choice)) {}

  SourceTraits traits() const override { return {.progress = Progress::source_owned}; }
  std::string fingerprint() const override { return "dead_letters/" + choice_.sink; }
  Result<std::vector<Part>> parts(const Checkpoint&, Stop) override {
    return std::vector<Part>{{.id = "dead-letters"}};
  }
  Result<std::unique_ptr<Reader>> open(const Part&, const std::optional<Position>&, Signal,
                                       Stop stop) override {
    uint64_t last = 0;
    TRY(for_each(archive_, stop,
                 [&](const StoredLetter& letter) { last = std::max(last, letter.sequence); }));
    return std::make_unique<ReplayReader>(archive_, choice_, last);
  }

 private:
  DeadLetterArchive& archive_;
  ReplayChoice choice_;
};

}  // namespace

bool ReplayChoice::takes(const StoredLetter& letter) const {
  if (letter.replayed || letter.sink != sink) {
    return false;
  }
  return sequences.empty() || std::ranges::find(sequences, letter.sequence) != sequences.end();
}

Result<std::vector<StoredLetter>> chosen_letters(DeadLetterArchive& archive,
                                                 const ReplayChoice& choice, Stop stop) {
  std::vector<StoredLetter> letters;
  TRY(for_each(archive, stop, [&](StoredLetter letter) {
    if (choice.takes(letter)) {
      letters.push_back(std::move(letter));
    }
  }));
  return letters;
}

Result<std::vector<std::string>> sinks_to_replay(DeadLetterArchive& archive, Stop stop) {
  std::set<std::string> sinks;
  TRY(for_each(archive, stop, [&](const StoredLetter& letter) {
    if (!letter.replayed) {
      sinks.insert(letter.sink);
    }
  }));
  return std::vector<std::string>(sinks.begin(), sinks.end());
}

std::vector<uint64_t> may_be_overtaken(std::span<const StoredLetter> letters,
                                       const std::function<bool(const StoredLetter&)>& is_held) {
  std::vector<uint64_t> found;
  // Keys of which a later change is a dead letter too, because a quarantine held it back.
  std::unordered_set<std::string_view> held;
  for (size_t i = letters.size(); i > 0; --i) {
    const StoredLetter& letter = letters[i - 1];
    if (letter.key.empty()) {
      continue;  // without a key there is no order to break
    }
    if (letter.quarantined && is_held(letter)) {
      held.insert(letter.key);
    } else if (!held.contains(letter.key)) {
      found.push_back(letter.sequence);
    }
  }
  std::ranges::reverse(found);
  return found;
}

Result<std::vector<Failure>> ReplaySink::write(const Batch& batch, Stop stop) {
  TRY(std::vector<Failure> failures, sink_->write(batch, stop));
  std::vector<bool> failed(batch.events.size());
  for (const Failure& failure : failures) {
    failed.at(failure.index) = true;
  }
  for (size_t i = 0; i < batch.events.size(); ++i) {
    if (!failed[i]) {
      taken_.at(batch.slot).push_back(sequence_of(*batch.events[i]));
    }
  }
  return failures;
}

Result<> ReplaySink::note_taken(DeadLetterArchive& archive, const ReplayChoice& choice, Stop stop) {
  std::unordered_set<uint64_t> taken;
  for (const std::vector<uint64_t>& sequences : taken_) {
    taken.insert(sequences.begin(), sequences.end());
  }
  std::set<Identity> identities;  // a repeat comes behind the letter that was taken
  std::vector<uint64_t> done;
  TRY(for_each(archive, stop, [&](const StoredLetter& letter) {
    if (!choice.takes(letter)) {
      return;
    }
    const Identity identity = identity_of(letter);
    if (taken.contains(letter.sequence)) {
      identities.insert(identity);
    }
    if (identities.contains(identity)) {
      done.push_back(letter.sequence);
    }
  }));
  return done.empty() ? Result<>{} : archive.mark_replayed(done, stop);
}

std::unique_ptr<Source> make_replay_source(DeadLetterArchive& archive, ReplayChoice choice) {
  return std::make_unique<ReplaySource>(archive, std::move(choice));
}

}  // namespace penstock::dead_letters
