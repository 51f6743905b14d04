#include <algorithm>

#include "base/format.h"
#include "cli/commands.h"

namespace penstock::cli {

namespace {

template <class T>
void append_names(std::string_view title, const Registry::Entries<T>& entries, std::string& out) {
  append_format(out, "{}\n", title);
  for (const auto& [name, entry] : entries) {
    std::string_view doc = entry.doc;
    doc = doc.substr(0, std::min(doc.find(". "), doc.size()));
    doc.remove_suffix(doc.ends_with('.') ? 1 : 0);
    append_format(out, "  {:<14} {}\n", name, doc);
  }
}

}  // namespace

Exit list(Program& program) {
  const Registry& registry = program.registry();
  std::string out;
  append_names("Sources", registry.sources, out);
  append_names("Sinks", registry.sinks, out);
  append_names("Transforms", registry.transforms, out);
  append_names("Formats of sources", registry.decoders, out);
  append_names("Formats of sinks", registry.encoders, out);
  append_names("Checkpoints", registry.checkpoints, out);
  append_names("Dead letters", registry.dead_letters, out);
  out +=
      "`penstock explain NAME` describes one, or a section of a pipeline file: source,\n"
      "sinks, batch, retry, tls, every, limits, until.\n";
  return Program::print(out) ? Exit::ok : Exit::failed;
}

}  // namespace penstock::cli
