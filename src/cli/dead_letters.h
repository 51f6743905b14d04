// What the commands for dead letters share: a pipeline's letters, opened, and how they are shown.
// Main thread.
#pragma once

#include <span>

#include "cli/operate.h"

namespace penstock::cli {

struct OpenedLetters {
  Operated operated;
  std::unique_ptr<DeadLetterArchive> archive;  // goes before its store
};
Result<OpenedLetters> open_letters(Program& program, const std::string& path);

std::string printable(std::string_view text);
std::string shown_sink(const std::string& sink);

// Whether the pipeline has the sink, or letters of it; complains where it has neither.
Result<bool> is_known_sink(const OpenedLetters& opened, const std::string& sink);
// Complains about the first that is not there.
Result<bool> are_there(const OpenedLetters& opened, std::span<const uint64_t> sequences);

}  // namespace penstock::cli
