#include "engine/rejected.h"

#include "base/probe.h"

namespace penstock::engine {

namespace {

constexpr size_t kLettersMax = 100;  // of one write

}  // namespace

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
                             .sink = letter.at->name,
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
    outage_.recovered(now);
    durable = std::move(letters);
    return {};
  }
  PROBE("dead_letters_retried");
  for (size_t i = letters.size(); i-- > 0;) {
    letters_.push_front(std::move(letters[i]));
  }
  return outage_.failed(result.error(), now);
}

}  // namespace penstock::engine
