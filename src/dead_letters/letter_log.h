// What a pipeline's folder of dead letters holds, read back: segments of the log, and the ledger of
// what was replayed. Functions over files; the writer may be another process. Any thread.
#pragma once

#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/files.h"
#include "dead_letters/letter_record.h"

namespace penstock::dead_letters {

struct Segment {
  std::string path;
  uint64_t first = 0;  // the sequence of its first letter, in its name
};

std::string segment_path(const std::string& folder, uint64_t first);
std::string ledger_path(const std::string& folder);
Result<std::vector<Segment>> list_segments(Files& files, const std::string& folder);

struct Scan {               // how far a file is whole
  uint64_t next = 1;        // the sequence that would follow
  uint64_t end = 0;         // the offset behind the last whole line
  uint64_t last_write = 0;  // the offset where the last write before `end` begins
  uint64_t torn_bytes = 0;  // behind `end`: of a write that nobody was told is durable
};

// Reads a segment from where `from` says. `visit` gets each letter and says whether to go on. Only
// the last segment may end in a torn write. `fatal`: damaged where letters are acknowledged, or of
// a later version; file and offset are named.
using Visit = std::function<bool(LetterLine)>;
Result<Scan> scan_segment(Files& files, const Segment& segment, bool is_last, Scan from,
                          const Visit& visit);

struct Ledger {
  std::unordered_set<uint64_t> replayed;  // sequences
  uint64_t highest = 0;
  uint64_t end = 0;        // the offset behind the last whole line
  uint64_t last_line = 0;  // the offset of that line
};
// `from`: what was read of it before, so that only what was added since is read.
Result<Ledger> read_ledger(Files& files, const std::string& folder, Ledger from = {});
// The sequences of one line, without its line break. `fatal`: of a later version.
Result<> add_ledger_line(std::string_view line, Ledger& ledger);
std::string ledger_line(std::span<const uint64_t> sequences, Timestamp at);

}  // namespace penstock::dead_letters
