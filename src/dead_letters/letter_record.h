// One dead letter as one line of the log: JSON that people and jq read, with everything needed to
// send the event again in the base64 of its "record", and a hash of the line at its end. Pure; any
// thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/dead_letter.h"

namespace penstock::dead_letters {

inline constexpr uint64_t kLetterVersion = 2;

struct LetterPlace {
  std::string_view pipeline;
  uint64_t sequence = 0;     // from 1, without a gap
  uint64_t write_first = 0;  // the sequence of the first letter of the same write
};

// Appends the line with its line break.
void append_line(const DeadLetter& letter, const LetterPlace& place, std::string& out);

struct LetterLine {
  StoredLetter letter;
  uint64_t write_first = 0;
};

// The line without its line break. `rejected`: it is torn or damaged. `fatal`: it is of a later
// version of Penstock.
Result<LetterLine> parse_line(std::string_view line);

// {"<kind>":<version>,<members>,"hash":"<16 hex digits>"} and a line break, for every log here.
void seal_line(size_t start, std::string& out);
// What stands before the hash; `rejected` when the hash is not that of the line, `fatal` when the
// line is of a later version.
Result<std::string_view> open_line(std::string_view line, std::string_view kind, uint64_t version);

}  // namespace penstock::dead_letters
