#include "transforms/remove.h"

#include <fmt/core.h>

#include "transforms/rewrite.h"

namespace penstock::transforms {

void Remove::Settings::fields(config::FieldVisitor& visitor) {
  visitor.field("", paths,
                {.doc = "What goes, as after.secret or before; what is not there is none.",
                 .required = true});
}

Result<std::unique_ptr<Transform>> Remove::make(Settings settings, const Context& /*context*/) {
  std::vector<Path> paths;
  for (const std::string& text : settings.paths) {
    TRY(Path path, Path::parse(text));
    if (!path.is_document()) {
      return fatal(
          fmt::format("remove {}: every event has it; key, before, after and meta can go", text));
    }
    paths.push_back(std::move(path));
  }
  return std::make_unique<Remove>(std::move(paths));
}

Result<> Remove::apply(const Event& in, Arena& arena, std::vector<Event>& out) const {
  Event event = in;
  for (const Path& path : paths_) {
    Document& document = *path.document(event);
    if (!path.find(event, arena)) {
      continue;
    }
    document = path.names().empty() ? Document() : without(document, path.names(), arena);
    if (path.root() != Path::Root::meta) {
      event.has_raw = false;  // the payload still holds what was to go
      event.raw = {};
    }
  }
  out.push_back(event);
  return {};
}

}  // namespace penstock::transforms
