#include "dead_letters/waiting.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

#include "base/bytes.h"
#include "base/check.h"
#include "base/sha256.h"
#include "core/order_key.h"

namespace penstock::dead_letters {

namespace {

// What makes two letters the same event at the same place, kept twice because the process died
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
  for (const std::string_view text : {std::string_view(letter.sink), std::string_view(letter.part),
                                      event.order, event.id, event.stream, event.raw}) {
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

}  // namespace

// Collects them from an archive, in append order.
class WaitingReader {
 public:
  explicit WaitingReader(Waiting& to)
      : to_(to), chosen_(to.choice_.sequences.begin(), to.choice_.sequences.end()) {}

  void add(const StoredLetter& letter) {
    if (letter.replayed) {
      return;
    }
    const auto index = static_cast<uint32_t>(to_.letters_.size());
    to_.letters_.push_back({.sequence = letter.sequence,
                            .place = place_of(letter.sink),
                            .key = key_of(letter),
                            .is_chosen = is_chosen(letter)});
    if (const auto identity = identity_of(letter); identity) {
      const auto [first, is_new] = known_.try_emplace(*identity, index);
      if (!is_new) {
        join(to_.letters_[first->second], index);
        return;
      }
    }
    add_to_key(letter);
    to_.order_.push_back(index);
  }

  // A change that decoding rejects comes before an earlier one of its key in the log, where that
  // was on its way to the sink still; and after a restart, earlier ones than those in the log may
  // be rejected in their turn. Where their orders compare, the letters of a key change places among
  // themselves.
  void finish() {
    for (auto& [key, places] : keys_) {
      std::vector<Place> sorted = places;
      // Where two have one order, as they were rejected.
      std::ranges::sort(sorted, {},
                        [](const Place& place) { return std::tie(place.order, place.letter); });
      for (size_t i = 0; i < places.size(); ++i) {
        to_.order_[places[i].index] = sorted[i].letter;
      }
    }
    to_.keys_ = static_cast<uint32_t>(key_numbers_.size()) + 1;
  }

 private:
  struct Place {
    size_t index = 0;     // in the order
    uint32_t letter = 0;  // of the letters
    std::string order;
  };

  uint32_t place_of(const std::string& sink) {
    const auto [place, is_new] = places_.try_emplace(sink, to_.names_.size());
    if (is_new) {
      to_.names_.push_back(sink);
    }
    return place->second;
  }

  uint32_t key_of(const StoredLetter& letter) {
    if (letter.key.empty()) {
      return 0;
    }
    const auto [number, is_new] = key_numbers_.try_emplace(letter.key, key_numbers_.size() + 1);
    if (const std::optional<Hash128> old = old_key_of(letter.key)) {
      old_numbers_.emplace(*old, number->second);
    } else if (is_new && !old_numbers_.empty()) {
      Event event = letter.event();
      event.kept_key = letter.key;
      const auto same = old_numbers_.find(old_order_key_of(event));
      number->second = same == old_numbers_.end() ? number->second : same->second;
    }
    return number->second;
  }

  bool is_chosen(const StoredLetter& letter) const {
    const ReplayChoice& choice = to_.choice_;
    if (choice.sink && *choice.sink != letter.sink) {
      return false;
    }
    return chosen_.empty() || chosen_.contains(letter.sequence);
  }

  void join(Waiting::Letter& first, uint32_t index) {
    Waiting::Letter& repeat = to_.letters_[index];
    repeat.repeat = std::exchange(first.repeat, index);
    first.is_chosen = first.is_chosen || repeat.is_chosen;
  }

  void add_to_key(const StoredLetter& letter) {
    const std::string_view order = letter.event().order;
    const std::optional<SourceTraits>& source = to_.choice_.source;
    if (letter.key.empty() || !source || order.size() <= source->generation_bytes) {
      return;
    }
    std::string key;
    ByteWriter<uint64_t> to(key);
    to.bytes(letter.part);
    to.number(to_.letters_.back().key);
    if (!source->generations_ascend) {
      to.bytes(order.substr(0, source->generation_bytes));
    }
    keys_[std::move(key)].push_back(
        {to_.order_.size(), static_cast<uint32_t>(to_.letters_.size() - 1), std::string(order)});
  }

  Waiting& to_;
  const std::set<uint64_t> chosen_;                        // the choice's numbers
  std::map<Identity, uint32_t> known_;                     // the letter, by identity
  std::map<std::string, uint32_t> places_;                 // their numbers
  std::unordered_map<std::string, uint32_t> key_numbers_;  // by kept key
  std::map<Hash128, uint32_t> old_numbers_;  // of keys of version 1, which tells no more of them
  std::unordered_map<std::string, std::vector<Place>> keys_;  // by part, key, generation
};

Result<std::unique_ptr<Waiting>> Waiting::read(DeadLetterArchive& archive, ReplayChoice choice,
                                               Stop stop) {
  std::unique_ptr<Waiting> waiting(new Waiting(archive, std::move(choice)));
  WaitingReader reader(*waiting);
  TRY(for_each_letter(archive, stop, [&](const StoredLetter& letter) { reader.add(letter); }));
  reader.finish();
  return waiting;
}

// Whether a letter goes to a sink to which those of the place go as well.
bool Waiting::may_meet(const Letter& letter, const std::string& place) const {
  const std::string& own = names_[letter.place];
  return own == place || own.empty() ||
         (place.empty() && std::ranges::find(choice_.sinks, own) != choice_.sinks.end());
}

template <class Visit>
void Waiting::walk(const std::string& place, const Visit& visit) const {
  std::vector<uint64_t> holder(keys_);  // of what follows, by key
  for (const uint32_t index : order_) {
    const Letter& letter = letters_[index];
    if (letter.went_back) {
      continue;
    }
    uint64_t& by = holder[letter.key];
    if (letter.is_chosen && names_[letter.place] == place) {
      visit(letter, by);
    } else if (letter.key != 0 && by == 0 && may_meet(letter, place) &&
               (letter.is_chosen || !choice_.force)) {
      by = letter.sequence;
    }
  }
}

std::vector<std::string> Waiting::places() const {
  std::set<std::string> found;
  for (const Letter& letter : letters_) {
    if (letter.is_chosen && !letter.went_back) {
      found.insert(names_[letter.place]);
    }
  }
  return {found.begin(), found.end()};
}

std::vector<uint64_t> Waiting::chosen(const std::string& place) const {
  std::vector<uint64_t> found;
  for (const Letter& letter : letters_) {
    if (letter.is_chosen && !letter.went_back && names_[letter.place] == place) {
      found.push_back(letter.sequence);
    }
  }
  return found;
}

std::vector<uint64_t> Waiting::ready(const std::string& place) const {
  struct Next {
    uint64_t behind = 0;  // goes once the log was read up to here
    uint32_t index = 0;
    uint64_t sequence = 0;
  };
  std::vector<Next> found;
  std::vector<uint64_t> last(keys_);  // by key, how far its letters need the log
  walk(place, [&](const Letter& letter, uint64_t holder) {
    if (holder != 0) {
      return;
    }
    uint64_t behind = letter.sequence;
    if (letter.key != 0) {
      behind = last[letter.key] = std::max(last[letter.key], behind);
    }
    found.push_back({behind, static_cast<uint32_t>(found.size()), letter.sequence});
  });
  // The log is read from front to end, apart from the letters of a key that change places.
  std::ranges::sort(found, {}, [](const Next& next) { return std::tie(next.behind, next.index); });
  std::vector<uint64_t> sequences;
  sequences.reserve(found.size());
  for (const Next& next : found) {
    sequences.push_back(next.sequence);
  }
  return sequences;
}

std::optional<Waiting::Held> Waiting::first_held(const std::string& place) const {
  std::optional<Held> held;
  walk(place, [&](const Letter& letter, uint64_t holder) {
    if (holder != 0 && !held) {
      held = {.letter = letter.sequence, .by = holder};
    }
  });
  return held;
}

Result<> Waiting::mark(std::span<const uint64_t> sequences, Stop stop) {
  std::vector<uint32_t> marked;
  for (const uint64_t sequence : sequences) {
    const auto letter = std::ranges::lower_bound(letters_, sequence, {}, &Letter::sequence);
    CHECK(letter != letters_.end() && letter->sequence == sequence);
    for (auto i = static_cast<uint32_t>(letter - letters_.begin());
         i != kNone && !letters_[i].went_back; i = letters_[i].repeat) {
      marked.push_back(i);
    }
  }
  if (marked.empty()) {
    return {};
  }
  std::vector<uint64_t> numbers;
  numbers.reserve(marked.size());
  for (const uint32_t i : marked) {
    numbers.push_back(letters_[i].sequence);
  }
  TRY(archive_.mark_replayed(numbers, stop));
  for (const uint32_t i : marked) {
    letters_[i].went_back = true;
  }
  return {};
}

}  // namespace penstock::dead_letters
