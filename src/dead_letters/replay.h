// Dead letters on their way back: a Source over an archive, and what an operator must be told
// before. The archive must outlive the source; the store behind it must be open for the pipeline,
// so that nobody else replays at the same time. One thread at a time, but for the two hands of its
// reader, of which one lists the archive and the other marks in it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/dead_letter.h"
#include "core/sink.h"
#include "core/source.h"

namespace penstock::dead_letters {

struct ReplayChoice {
  std::string sink;                      // letters that failed there; "": in decoding, transforms
  std::vector<uint64_t> sequences = {};  // of them only these; empty: all
  // SourceTraits::generation_bytes of the pipeline's source; absent: not known, and then the
  // letters of a key go back as they stand in the log.
  std::optional<uint32_t> generation_bytes = {};

  // The letter is one of them, and did not go back yet.
  bool takes(const StoredLetter& letter) const;
};

// All letters of the choice, in append order. For the sinks of an archive, and for may_overtake().
Result<std::vector<StoredLetter>> chosen_letters(DeadLetterArchive& archive,
                                                 const ReplayChoice& choice, Stop stop);
// Sinks with letters that did not go back yet, sorted.
Result<std::vector<std::string>> sinks_to_replay(DeadLetterArchive& archive, Stop stop);

// Sequences of the letters whose replay may undo a later change of their key, so that it needs
// --force: they have a key and no quarantine held back what followed them. `letters`: of one sink;
// `is_held`: the key of a letter is in quarantine still.
std::vector<uint64_t> may_be_overtaken(std::span<const StoredLetter> letters,
                                       const std::function<bool(const StoredLetter&)>& is_held);

// One part, "dead-letters", that ends at the last letter there was when it was opened. Each letter
// is given once, and those that are the same event (part, order and content) are one. They come in
// append order, but those of one key in the source's order. Id, stream, key, documents, raw bytes
// and times are those of the event. commit() notes in the ledger that the letters up to the
// position went back: what is committed must be durable at the sink.
std::unique_ptr<Source> make_replay_source(DeadLetterArchive& archive, ReplayChoice choice);

// The sink of a replay. It passes all on to the real one and remembers what that took: behind a
// letter that is rejected again, which stops the replay, others may be durable that no position
// passes. Without a lock, because a lane has one write at a time.
class ReplaySink final : public Sink {
 public:
  ReplaySink(std::unique_ptr<Sink> sink, uint32_t lanes) : sink_(std::move(sink)), taken_(lanes) {}

  SinkTraits traits() const override { return sink_->traits(); }
  Result<OrderKey> order_key(const Event& event) const override { return sink_->order_key(event); }
  Result<> open(const Resume& resume, Stop stop) override { return sink_->open(resume, stop); }
  Result<std::vector<Failure>> write(const Batch& batch, Stop stop) override;

  // Notes in the ledger the letters of the choice that were taken and are not noted yet. Only once
  // the run has ended.
  Result<> note_taken(DeadLetterArchive& archive, const ReplayChoice& choice, Stop stop);

 private:
  std::unique_ptr<Sink> sink_;
  std::vector<std::vector<uint64_t>> taken_;  // sequences of letters, by slot
};

}  // namespace penstock::dead_letters
