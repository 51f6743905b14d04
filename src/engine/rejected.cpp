#include "engine/rejected.h"

#include "base/probe.h"

namespace penstock::engine {

constexpr size_t kLettersMax = 100;  // of one write

action::WriteLetters Rejected::next_write(const Parts& parts) {
  action::WriteLetters write;
  in_flight_ = std::min(letters_.size(), kLettersMax);
  write.letters.reserve(in_flight_);
  for (size_t i = 0; i < in_flight_; ++i) {
    const Letter& letter = letters_[i];
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
  size_t letters = std::exchange(in_flight_, 0);
  if (!result) {
    PROBE("dead_letters_retried");
    return outage_.failed(result.error(), now);
  }
  outage_.recovered(now);
  for (; letters > 0; --letters) {
    durable.push_back(letters_.pop_front());
  }
  return {};
}

}  // namespace penstock::engine
