#include <fmt/core.h>

#include "base/format.h"
#include "cli/commands.h"
#include "cli/dead_letters.h"
#include "doc/json.h"

namespace penstock::cli {

namespace {

std::string key_of(const Event& event) {
  std::string key;
  if (event.key) {
    doc::append_json(event.key, key);
  }
  return key.empty() ? "-" : printable(key);
}

void append_line(const StoredLetter& letter, std::string& out) {
  const Event& event = letter.event();
  append_format(out, "{:>6}  {}  {}  {}  key {}  id {}{}{}\n        {}\n", letter.sequence,
                to_iso8601(letter.at), shown_sink(letter.sink), printable(event.stream),
                key_of(event), printable(event.id), letter.quarantined ? "  quarantined" : "",
                letter.replayed ? "  replayed" : "", printable(letter.error));
}

}  // namespace

Exit list_dead_letters(Program& program, const Options& options) {
  const auto opened = open_letters(program, options.file);
  if (!opened) {
    Program::complain(opened.error().what);
    return Exit::usage;
  }
  const auto known = is_known_sink(*opened, options.sink.value_or(""));
  if (!known) {
    return complain(known.error());
  }
  if (!*known) {
    return Exit::usage;
  }
  size_t listed = 0;
  bool printed = true;
  const auto read = for_each_letter(*opened->archive, {}, [&](const StoredLetter& letter) {
    const bool wanted = (!options.sink || *options.sink == letter.sink) &&
                        (options.with_replayed || !letter.replayed);
    if (wanted && printed) {
      std::string line;
      append_line(letter, line);
      printed = Program::print(line);
      ++listed;
    }
  });
  if (!read) {
    return complain(read.error());
  }
  printed = printed && Program::print(fmt::format("{} dead letters\n", listed));
  return printed ? Exit::ok : Exit::failed;
}

}  // namespace penstock::cli
