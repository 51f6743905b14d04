#include "transforms/path.h"

#include <fmt/core.h>

#include <array>
#include <utility>

#include "doc/losses.h"

namespace penstock::transforms {

namespace {

constexpr size_t kNamesMax = 32;  // far beyond what anybody nests, below what documents may

constexpr std::array<std::pair<std::string_view, Path::Root>, 8> kRoots = {{
    {"stream", Path::Root::stream},
    {"id", Path::Root::id},
    {"op", Path::Root::op},
    {"at", Path::Root::at},
    {"key", Path::Root::key},
    {"before", Path::Root::before},
    {"after", Path::Root::after},
    {"meta", Path::Root::meta},
}};

}  // namespace

Result<Path> Path::parse(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return fatal(fmt::format("path \"{}\": {}", text, why));
  };
  Path path;
  path.text_ = text;
  const size_t dot = text.find('.');
  const std::string_view root = text.substr(0, dot);
  const auto* found = kRoots.begin();
  while (found != kRoots.end() && found->first != root) {
    ++found;
  }
  if (found == kRoots.end()) {
    return bad("begins with none of stream, id, op, at, key, before, after, meta");
  }
  path.root_ = found->second;
  std::string_view rest = dot == std::string_view::npos ? "" : text.substr(dot + 1);
  if (dot != std::string_view::npos && !path.is_document()) {
    return bad("nothing stands below " + std::string(root));
  }
  while (dot != std::string_view::npos) {
    const size_t next = rest.find('.');
    const std::string_view name = rest.substr(0, next);
    if (name.empty() || name.find('\0') != std::string_view::npos) {
      return bad("holds an empty name");
    }
    path.names_.emplace_back(name);
    if (next == std::string_view::npos) {
      break;
    }
    rest.remove_prefix(next + 1);
  }
  if (path.names_.size() > kNamesMax) {
    return bad(fmt::format("has more than {} names", kNamesMax));
  }
  return path;
}

const Document* Path::document(const Event& event) const {
  switch (root_) {
    case Root::key:
      return &event.key;
    case Root::before:
      return &event.before;
    case Root::after:
      return &event.after;
    case Root::meta:
      return &event.meta;
    case Root::stream:
    case Root::id:
    case Root::op:
    case Root::at:
      return nullptr;
  }
  return nullptr;
}

Document* Path::document(Event& event) const {
  return const_cast<Document*>(document(std::as_const(event)));
}

std::optional<Value> Path::find(const Event& event, Arena& arena) const {
  switch (root_) {
    case Root::stream:
      return string_value(event.stream, arena);
    case Root::id:
      return string_value(event.id, arena);
    case Root::op:
      return string_value(name_of(event.op), arena);
    case Root::at:
      return string_value(to_iso8601(event.at), arena);
    case Root::key:
    case Root::before:
    case Root::after:
    case Root::meta:
      break;
  }
  const Document& document = *this->document(event);
  if (!document) {
    return std::nullopt;
  }
  Value value;
  value.losses_of = document;
  if (names_.empty()) {
    doc::BsonWriter writer(arena, document.size() + 16);
    writer.document("", document);
    value.element = *doc::Elements(writer.finish()).begin();
    return value;
  }
  Document level = document;
  for (size_t i = 0; i < names_.size(); ++i) {
    const auto found = doc::find(level, names_[i]);
    if (!found) {
      return std::nullopt;
    }
    doc::append_pointer(names_[i], value.pointer);
    value.element = *found;
    if (i + 1 == names_.size()) {
      break;
    }
    if (found->type != doc::Type::document && found->type != doc::Type::array) {
      return std::nullopt;
    }
    level = found->as_document();
  }
  return value;
}

Value string_value(std::string_view text, Arena& arena) {
  doc::BsonWriter writer(arena, text.size() + 16);
  writer.string("", text);
  Value value;
  value.element = *doc::Elements(writer.finish()).begin();
  return value;
}

}  // namespace penstock::transforms
