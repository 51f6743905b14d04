#include "cli/dead_letters.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "config/nearest.h"
#include "config/problems.h"

namespace penstock::cli {

Result<OpenedLetters> open_letters(Program& program, const std::string& path) {
  TRY(Operated operated, open_dead_letters(program, path));
  TRY(auto archive, operated.dead_letter->archive(operated.pipeline));
  return OpenedLetters{std::move(operated), std::move(archive)};
}

std::string printable(std::string_view text) {
  std::string out;
  append_printable(text, out);
  return out;
}

std::string shown_sink(const std::string& sink) {
  return sink.empty() ? "(decoding and transforms)" : printable(sink);
}

Result<bool> is_known_sink(const OpenedLetters& opened, const std::string& sink) {
  std::vector<std::string> names;
  names.reserve(opened.operated.plan.sinks.size());
  for (const pipeline_file::SinkPlan& plan : opened.operated.plan.sinks) {
    names.push_back(plan.shared.name);
  }
  bool known = sink.empty() || std::ranges::find(names, sink) != names.end();
  TRY(for_each_letter(*opened.archive, {},
                      [&](const StoredLetter& letter) { known = known || letter.sink == sink; }));
  if (!known) {
    Program::complain(fmt::format("pipeline {} has no enabled sink {}, and no dead letter of it{}",
                                  opened.operated.pipeline, config::quote(sink),
                                  config::hint(sink, names)));
  }
  return known;
}

Result<bool> are_there(const OpenedLetters& opened, std::span<const uint64_t> sequences) {
  std::set<uint64_t> missing(sequences.begin(), sequences.end());
  TRY(for_each_letter(*opened.archive, {},
                      [&](const StoredLetter& letter) { missing.erase(letter.sequence); }));
  if (!missing.empty()) {
    Program::complain(fmt::format("there is no dead letter number {} of pipeline {}",
                                  *missing.begin(), opened.operated.pipeline));
  }
  return missing.empty();
}

}  // namespace penstock::cli
