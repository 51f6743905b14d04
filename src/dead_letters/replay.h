// Dead letters on their way back: a Source over an archive, and what an operator must be told
// before. The archive must outlive the source; the store behind it must be open for the pipeline,
// so that nobody else replays at the same time. One thread at a time, but for the two hands of its
// reader, of which one lists the archive and the other marks in it.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/dead_letter.h"
#include "core/sink.h"
#include "core/source.h"
#include "dead_letters/waiting.h"

namespace penstock::dead_letters {

// Sequences of the letters whose replay may undo a later change of their key, so that it needs
// --force: they have a key and no quarantine held back what followed them. `sequences`: what is to
// go; `is_held`: the key of a letter is in quarantine still.
Result<std::vector<uint64_t>> may_be_overtaken(
    DeadLetterArchive& archive, std::span<const uint64_t> sequences,
    const std::function<bool(const StoredLetter&)>& is_held, Stop stop);

// Letters of one place, in the order in which they are to go: Waiting::ready(). `one_by_one`: the
// sink is no ReplaySink, so that only a position tells what it took.
struct ReplayLetters {
  std::string place;
  std::vector<uint64_t> sequences;
  bool one_by_one = false;
};

// One part, "dead-letters", that ends at the last of them. Id, stream, key, documents, raw bytes
// and times are those of the event. commit() marks the letters up to the position: what is
// committed must be durable at the sink.
std::unique_ptr<Source> make_replay_source(DeadLetterArchive& archive, Waiting& waiting,
                                           ReplayLetters letters);

// The sink of a replay. It passes all on to the real one and notes what that took: behind a letter
// that is rejected again, which stops the replay, others may be durable that no position passes.
// Without a lock, because a lane has one write at a time.
class ReplaySink final : public Sink {
 public:
  using Taken = std::vector<std::vector<uint64_t>>;  // numbers of letters, by slot

  // `taken`: of the caller, who reads it once no thread writes any more.
  ReplaySink(std::unique_ptr<Sink> sink, uint32_t lanes, Taken& taken)
      : sink_(std::move(sink)), taken_(taken) {
    taken_.resize(lanes);
  }

  SinkTraits traits() const override { return sink_->traits(); }
  Result<OrderKey> order_key(const Event& event) const override { return sink_->order_key(event); }
  Result<> open(const Resume& resume, Stop stop) override { return sink_->open(resume, stop); }
  Result<std::vector<Failure>> write(const Batch& batch, Stop stop) override;

 private:
  std::unique_ptr<Sink> sink_;
  Taken& taken_;
};

}  // namespace penstock::dead_letters
