// LineEvents: the lines of one file as events. Owned by the file's reader; one thread at a time.
#pragma once

#include <string>

#include "connectors/files/file_position.h"
#include "core/event.h"

namespace penstock::files {

class LineEvents {
 public:
  // Of a line that is too long, this much goes to the dead letters.
  static constexpr size_t kKeptOfLongLine = size_t{64} << 10;

  LineEvents(std::string part, std::string path)
      : path_(std::move(path)), id_prefix_(std::move(part) + "/"), part_size_(id_prefix_.size()) {}

  // Before the first add() of a read.
  void begin(EventBlock& block, Timestamp at);
  // The line at this offset, without its line break; its bytes lie in the block's arena. The first
  // line of a file fixes the generation in `position`, which the ids have too: lines at one offset
  // of two contents are two events.
  void add(std::string_view line, uint64_t offset, FilePosition& position);
  void reject(std::string_view kept, uint64_t offset, std::string why, FilePosition& position);

 private:
  void take(uint64_t generation);

  std::string path_;
  std::string id_prefix_;        // part/generation/, behind which stands the offset
  size_t part_size_;             // of the prefix
  uint64_t generation_ = 0;      // of the prefix
  EventBlock* block_ = nullptr;  // of the read that is under way
  std::string_view stream_;      // path_, in its arena
  Timestamp at_;                 // of its lines
};

}  // namespace penstock::files
