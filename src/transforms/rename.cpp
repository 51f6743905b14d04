#include "transforms/rename.h"

#include <fmt/core.h>

#include "transforms/rewrite.h"

namespace penstock::transforms {

void Rename::Settings::fields(config::FieldVisitor& visitor) {
  visitor.field("", names,
                {.doc = "From a path to a path, as after.id: after.orderId; what is not there is "
                        "left out, what stands at the new name is replaced.",
                 .required = true});
}

Result<std::unique_ptr<Transform>> Rename::make(Settings settings, const Context& /*context*/) {
  std::vector<Move> moves;
  for (const auto& [from, to] : settings.names) {
    TRY(Path from_path, Path::parse(from));
    TRY(Path to_path, Path::parse(to));
    if (from_path.names().empty() || to_path.names().empty()) {
      return fatal(
          fmt::format("rename {}: {}: only values inside key, before, after and meta have "
                      "names",
                      from, to));
    }
    moves.push_back({std::move(from_path), std::move(to_path)});
  }
  return std::make_unique<Rename>(std::move(moves));
}

Result<> Rename::apply(const Event& in, Arena& arena, std::vector<Event>& out) const {
  Event event = in;
  for (const auto& [from, to] : moves_) {
    const auto value = from.find(event, arena);
    if (!value) {
      continue;
    }
    Document& source = *from.document(event);
    source = without(source, from.names(), arena);
    Document& target = *to.document(event);
    auto renamed = with(target, to.names(), *value, arena);
    if (!renamed) {
      return rejected(
          fmt::format("rename {}: {}: {}", from.text(), to.text(), renamed.error().what));
    }
    target = *renamed;
    if (from.root() != Path::Root::meta || to.root() != Path::Root::meta) {
      event.has_raw = false;
      event.raw = {};
    }
  }
  out.push_back(event);
  return {};
}

}  // namespace penstock::transforms
