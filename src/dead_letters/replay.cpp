#include "dead_letters/replay.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>
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

// What makes two letters the same event at the same sink, kept twice because the process died
// between the dead letters and the checkpoint: its part, its place there, and all of it. Nothing
// where the source has no durable order: then each letter stands for itself.
using Identity = std::array<uint8_t, 32>;
std::optional<Identity> identity_of(const StoredLetter& letter) {
  const Event& event = letter.event();
  if (event.order.empty()) {
    return std::nullopt;
  }
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
    to.count(document->losses().size());
    for (const Loss& loss : document->losses()) {
      to.number(static_cast<uint8_t>(loss.type));
      to.bytes(loss.path);
      to.bytes(loss.text);
    }
  }
  return sha256(bytes);
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

// The letters of a choice as they go back. Made once; then frozen, so that both hands read it.
struct Plan {
  std::vector<uint64_t> sequences;                      // in the order of the replay
  std::unordered_multimap<uint64_t, uint64_t> repeats;  // of one of them: the same event once more

  void add_with_repeats(uint64_t sequence, std::vector<uint64_t>& to) const {
    to.push_back(sequence);
    const auto [first, last] = repeats.equal_range(sequence);
    std::transform(first, last, std::back_inserter(to), [](const auto& one) { return one.second; });
  }
};

// Collects a plan from letters in append order.
class Planner {
 public:
  explicit Planner(std::optional<uint32_t> generation_bytes)
      : generation_bytes_(generation_bytes) {}

  void add(const StoredLetter& letter) {
    if (const auto identity = identity_of(letter); identity) {
      const auto [first, is_new] = known_.try_emplace(*identity, letter.sequence);
      if (!is_new) {
        plan_.repeats.emplace(first->second, letter.sequence);
        return;
      }
    }
    add_to_key(letter);
    plan_.sequences.push_back(letter.sequence);
  }

  // A change that decoding rejects comes before an earlier one of its key in the log, where that
  // was on its way to the sink still: where their orders compare, the letters of a key change
  // places among themselves.
  Plan finish() {
    for (auto& [key, places] : keys_) {
      std::vector<Place> sorted = places;
      // Where two have one order, as they were rejected.
      std::ranges::sort(sorted, {},
                        [](const Place& place) { return std::tie(place.order, place.sequence); });
      for (size_t i = 0; i < places.size(); ++i) {
        plan_.sequences[places[i].index] = sorted[i].sequence;
      }
    }
    return std::move(plan_);
  }

 private:
  struct Place {
    size_t index = 0;  // in the plan
    uint64_t sequence = 0;
    std::string order;
  };

  void add_to_key(const StoredLetter& letter) {
    const Event& event = letter.event();
    if (letter.key.empty() || !generation_bytes_ || event.order.size() <= *generation_bytes_) {
      return;
    }
    std::string key;
    ByteWriter<uint64_t> to(key);
    to.bytes(letter.part);
    to.bytes(letter.key);
    to.bytes(event.order.substr(0, *generation_bytes_));
    keys_[std::move(key)].push_back(
        {plan_.sequences.size(), letter.sequence, std::string(event.order)});
  }

  std::optional<uint32_t> generation_bytes_;
  Plan plan_;
  std::map<Identity, uint64_t> known_;                        // sequence by identity
  std::unordered_map<std::string, std::vector<Place>> keys_;  // by part, key and generation
};

Result<Plan> make_plan(DeadLetterArchive& archive, const ReplayChoice& choice, Stop stop) {
  Planner planner(choice.generation_bytes);
  TRY(for_each(archive, stop, [&](const StoredLetter& letter) {
    if (choice.takes(letter)) {
      planner.add(letter);
    }
  }));
  return planner.finish();
}

// A position is how many letters of the plan are behind it.
Position encode_position(uint64_t index) {
  return std::to_string(index);
}

class ReplayReader final : public Reader {
 public:
  ReplayReader(DeadLetterArchive& archive, bool one_by_one, Plan plan)
      : archive_(archive), one_by_one_(one_by_one), plan_(std::move(plan)) {}

  Result<Read> read(EventBlock& block, const ReadLimits& limits, Stop stop) override;
  Result<> commit(const Position& position, Stop stop) override;

 private:
  Result<const StoredLetter*> letter(uint64_t sequence, Stop stop);

  DeadLetterArchive& archive_;
  const bool one_by_one_;
  const Plan plan_;

  // Of the hand that reads.
  std::vector<StoredLetter> page_;  // of the archive
  size_t next_ = 0;                 // in the plan

  // Of the hand that commits.
  size_t committed_ = 0;  // of the plan
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
  const size_t most = one_by_one_ ? 1 : std::max<size_t>(limits.events, 1);
  size_t bytes = 0;
  for (size_t count = 0; count < most && next_ < plan_.sequences.size(); ++count) {
    TRY(const StoredLetter* const stored, letter(plan_.sequences[next_], stop));
    if (count > 0 && bytes + stored->event().bytes() > limits.bytes) {
      break;
    }
    bytes += stored->event().bytes();
    block.events.push_back(copied(*stored, next_, block.arena));
    ++next_;
  }
  const bool end = next_ == plan_.sequences.size();
  return Read{.position = encode_position(next_), .caught_up = end, .end = end};
}

Result<> ReplayReader::commit(const Position& position, Stop stop) {
  const std::optional<size_t> up_to = number_from<size_t>(position);
  if (!up_to || *up_to > plan_.sequences.size()) {
    return fatal(fmt::format("dead letters: '{}' is no position of a replay", position));
  }
  std::vector<uint64_t> done;
  for (size_t i = committed_; i < *up_to; ++i) {
    plan_.add_with_repeats(plan_.sequences[i], done);
  }
  if (!done.empty()) {
    TRY(archive_.mark_replayed(done, stop));
    committed_ = *up_to;
  }
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
    TRY(Plan plan, make_plan(archive_, choice_, stop));
    return std::make_unique<ReplayReader>(archive_, choice_.sink.empty(), std::move(plan));
  }
  std::optional<Position> position_before(const Position& /*end*/,
                                          std::string_view order) const override {
    const std::optional<Order> place = read_order(order);
    return place ? std::optional(encode_position(place->generation)) : std::nullopt;
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
      const std::optional<Order> place = read_order(batch.events[i]->order);
      CHECK(place.has_value());  // it passes on what a ReplayReader gave, no more
      taken_.at(batch.slot).push_back(place->place);
    }
  }
  return failures;
}

Result<> ReplaySink::note_taken(DeadLetterArchive& archive, const ReplayChoice& choice, Stop stop) {
  std::unordered_set<uint64_t> taken;
  for (const std::vector<uint64_t>& sequences : taken_) {
    taken.insert(sequences.begin(), sequences.end());
  }
  TRY(const Plan plan, make_plan(archive, choice, stop));
  std::vector<uint64_t> done;
  for (const uint64_t sequence : plan.sequences) {
    if (taken.contains(sequence)) {
      plan.add_with_repeats(sequence, done);
    }
  }
  return done.empty() ? Result<>{} : archive.mark_replayed(done, stop);
}

std::unique_ptr<Source> make_replay_source(DeadLetterArchive& archive, ReplayChoice choice) {
  return std::make_unique<ReplaySource>(archive, std::move(choice));
}

}  // namespace penstock::dead_letters
