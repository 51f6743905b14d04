#include <set>

#include "base/format.h"
#include "cli/commands.h"
#include "cli/dead_letters.h"
#include "doc/json.h"

namespace penstock::cli {

namespace {

void append_document(std::string_view name, const Document& document, std::string& out) {
  if (document) {
    std::string json;
    doc::append_json(document, json);
    append_format(out, "{}{}\n", name, printable(json));
  }
}

void append_whole(const StoredLetter& letter, std::string& out) {
  const Event& event = letter.event();
  append_format(out, "number    {}\npipeline  {}\nsink      {}\nrejected  {}\nerror     {}\n",
                letter.sequence, printable(letter.pipeline), shown_sink(letter.sink),
                to_iso8601(letter.at), printable(letter.error));
  append_format(out, "part      {}\nposition  {}\n", printable(letter.part),
                printable(letter.position_text));
  append_format(out, "state     {}{}\n", letter.replayed ? "replayed" : "kept",
                letter.quarantined ? ", its key went into quarantine" : "");
  append_format(out, "id        {}\nop        {}\nstream    {}\nat        {}\n",
                printable(event.id), name_of(event.op), printable(event.stream),
                to_iso8601(event.at));
  append_document("key       ", event.key, out);
  append_document("before    ", event.before, out);
  append_document("after     ", event.after, out);
  append_document("meta      ", event.meta, out);
  if (event.has_raw) {
    out += "payload   " + printable(event.raw) + "\n";
  }
  out += '\n';
}

}  // namespace

Exit show_dead_letters(Program& program, const Options& options) {
  const auto opened = open_letters(program, options.file);
  if (!opened) {
    Program::complain(opened.error().what);
    return Exit::usage;
  }
  const std::set<uint64_t> wanted(options.sequences.begin(), options.sequences.end());
  std::string out;
  const auto read = for_each_letter(*opened->archive, {}, [&](const StoredLetter& letter) {
    if (wanted.contains(letter.sequence)) {
      append_whole(letter, out);
    }
  });
  if (!read) {
    return complain(read.error());
  }
  if (!Program::print(out)) {
    return Exit::failed;
  }
  const auto there = are_there(*opened, options.sequences);
  if (!there) {
    return complain(there.error());
  }
  return *there ? Exit::ok : Exit::failed;
}

}  // namespace penstock::cli
