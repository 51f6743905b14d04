#include "engine/rejected.h"

#include "base/probe.h"

namespace penstock::engine {

namespace {

constexpr size_t kLettersMax = 100;  // of one write

}  // namespace

Result<> Rejected::opened(const Result<>& result, Instant now) {
  if (result) {
    is_open_ = true;
    outage_.recovered(now, notices_);
    return {};
  }
  PROBE("target_opened_later");
  TRY(const Instant at, outage_.failed(spec_.store_retry, result.error(), now, random_, notices_));
  timers_.arm(Timers::Kind::open, spec_.sinks.size(), at);
  return {};
}

action::WriteLetters Rejected::next_write(const Parts& parts) {
  action::WriteLetters write;
  while (!letters_.empty() && in_flight_.size() < kLettersMax) {
    in_flight_.push_back(letters_.pop_front());
  }
  write.letters.reserve(in_flight_.size());
  for (const Letter& letter : in_flight_) {
    const Chunk& chunk = *letter.item.chunk;
    write.blocks.push_back(chunk.block);
    write.letters.push_back({.event = &letter.item.event(),
                             .sink = letter.sink,
                             .error = letter.error,
                             .part = parts.id(chunk.part),
                             .position = chunk.read.position,
                             .at = {},
                             .quarantined = letter.is_quarantined});
  }
  return write;
}

Result<> Rejected::written(const Result<>& result, Instant now, std::vector<Letter>& durable) {
  std::vector<Letter> letters = std::exchange(in_flight_, {});
  if (result) {
    outage_.recovered(now, notices_);
    durable = std::move(letters);
    return {};
  }
  PROBE("dead_letters_retried");
  for (size_t i = letters.size(); i-- > 0;) {
    letters_.push_front(std::move(letters[i]));
  }
  TRY(resume_at_, outage_.failed(spec_.store_retry, result.error(), now, random_, notices_));
  timers_.arm(Timers::Kind::letters, 0, resume_at_);
  return {};
}

}  // namespace penstock::engine
