// Waiting: the letters of a pipeline that did not go back yet, in the order in which they are to,
// and which of them may go now. A key's changes may have been rejected in several places, and each
// place is replayed by itself: a letter waits while an earlier change of its key does that goes to
// the same sink. It holds some numbers of each letter, no events. Owned by a command; the archive
// must outlive it. One thread at a time: while a replay runs that is the hand that commits.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/dead_letter.h"
#include "core/source.h"

namespace penstock::dead_letters {

struct ReplayChoice {
  // Where the letters failed; "": in decoding, transforms. Absent: anywhere.
  std::optional<std::string> sink = {};
  std::vector<uint64_t> sequences = {};  // of them only these; empty: all
  // What was not chosen holds nothing back: the operator knows that it is overtaken.
  bool force = false;
  // The pipeline's sinks, to which what failed in decoding and transforms goes.
  std::vector<std::string> sinks = {};
  // The traits of the pipeline's source; absent: not known, and then the letters of a key go back
  // as they stand in the log.
  std::optional<SourceTraits> source = {};
};

class Waiting {
 public:
  struct Held {           // a letter that does not go yet
    uint64_t letter = 0;  // its sequence
    uint64_t by = 0;      // that of the earlier change of its key
  };

  // In the order of the log, but those of one key in the order of its changes, where that is known:
  // of one part, and of one generation of it where these do not ascend. Letters of the same event
  // at the same place (part, order and content), as a process that died repeats them, are one.
  static Result<std::unique_ptr<Waiting>> read(DeadLetterArchive& archive, ReplayChoice choice,
                                               Stop stop);

  // The places ("" and sinks) of letters that were chosen and wait, sorted.
  std::vector<std::string> places() const;
  // What was chosen and waits: the letters of a place.
  std::vector<uint64_t> chosen(const std::string& place) const;
  // Those of them that may go now, in the order in which they are to.
  std::vector<uint64_t> ready(const std::string& place) const;
  std::optional<Held> first_held(const std::string& place) const;

  // Notes in the archive's ledger that these and their repeats went back; those that are noted
  // already are left out.
  Result<> mark(std::span<const uint64_t> sequences, Stop stop);

 private:
  friend class WaitingReader;

  static constexpr uint32_t kNone = UINT32_MAX;

  struct Letter {
    uint64_t sequence = 0;
    uint32_t place = 0;       // of names_
    uint32_t key = 0;         // 0: none
    uint32_t repeat = kNone;  // the next one that is the same
    bool is_chosen = false;
    bool went_back = false;
  };

  Waiting(DeadLetterArchive& archive, ReplayChoice choice)
      : archive_(archive), choice_(std::move(choice)) {}
  bool may_meet(const Letter& letter, const std::string& place) const;
  // Each letter of a place that was chosen and waits, with the letter that holds it; 0: none does.
  template <class Visit>
  void walk(const std::string& place, const Visit& visit) const;

  DeadLetterArchive& archive_;
  const ReplayChoice choice_;
  std::vector<std::string> names_;
  std::vector<Letter> letters_;  // in append order
  std::vector<uint32_t> order_;  // of letters_; without the repeats
  uint32_t keys_ = 0;
};

}  // namespace penstock::dead_letters
