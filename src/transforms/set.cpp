#include "transforms/set.h"

#include <fmt/core.h>

#include "doc/json.h"
#include "doc/losses.h"
#include "transforms/rewrite.h"

namespace penstock::transforms {

namespace {

Result<Set::Template> parse_template(std::string_view text) {
  Set::Template pieces;
  std::string literal;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c == '{' || c == '}') && i + 1 < text.size() && text[i + 1] == c) {
      literal.push_back(c);
      ++i;
      continue;
    }
    if (c == '}') {
      return fatal(fmt::format("\"{}\": a single brace; a literal one is written twice", text));
    }
    if (c != '{') {
      literal.push_back(c);
      continue;
    }
    const size_t end = text.find('}', i);
    if (end == std::string_view::npos) {
      return fatal(fmt::format("\"{}\": an open brace; a literal one is written twice", text));
    }
    TRY(Path path, Path::parse(text.substr(i + 1, end - i - 1)));
    if (!literal.empty()) {
      pieces.emplace_back(std::move(literal));
      literal.clear();
    }
    pieces.emplace_back(std::move(path));
    i = end;
  }
  if (!literal.empty() || pieces.empty()) {
    pieces.emplace_back(std::move(literal));
  }
  return pieces;
}

Result<Value> found(const Path& path, const Event& event, Arena& arena) {
  auto value = path.find(event, arena);
  if (!value) {
    return rejected(fmt::format("the event has no {}", path.text()));
  }
  return std::move(*value);
}

// A placeholder alone keeps the value's type; among text it becomes text.
Result<Value> render(const Set::Template& pieces, const Event& event, Arena& arena) {
  if (pieces.size() == 1 && std::holds_alternative<Path>(pieces.front())) {
    return found(std::get<Path>(pieces.front()), event, arena);
  }
  std::string text;
  for (const auto& piece : pieces) {
    if (const auto* const literal = std::get_if<std::string>(&piece)) {
      text.append(*literal);
      continue;
    }
    TRY(const Value value, found(std::get<Path>(piece), event, arena));
    doc::append_text(value.element, text);
  }
  return string_value(text, arena);
}

}  // namespace

void Set::Settings::fields(config::FieldVisitor& visitor) {
  visitor.json(
      "", values,
      {.doc = "Path: value. Strings may hold placeholders, as \"{stream}-{after.id}\"; one "
              "alone keeps its type. A missing field rejects the event.",
       .required = true});
}

Result<std::unique_ptr<Transform>> Set::make(Settings settings, const Context& /*context*/) {
  auto arena = std::make_unique<Arena>();
  doc::JsonReader reader;
  auto values = reader.read(arena->copy(settings.values), *arena);
  if (!values) {
    return fatal("set: " + values.error().what);
  }
  std::vector<Assignment> assignments;
  for (const doc::Element& element : doc::Elements(*values)) {
    TRY(Path to, Path::parse(element.name));
    if (to.root() != Path::Root::stream && to.names().empty()) {
      return fatal(
          fmt::format("set {}: only stream, and values inside key, before, after and meta "
                      "can be set",
                      to.text()));
    }
    std::string pointer;
    doc::append_pointer(element.name, pointer);
    std::vector<Loss> losses;  // a number that is kept as its digits is no template
    doc::take_losses(*values, pointer, pointer, *arena, losses);
    if (element.type == doc::Type::string && losses.empty()) {
      TRY(Template pieces, parse_template(element.as_string()));
      assignments.push_back({std::move(to), std::move(pieces)});
      continue;
    }
    if (!to.is_document()) {
      return fatal(fmt::format("set {}: it takes a text", to.text()));
    }
    assignments.push_back({std::move(to), Value{element, *values, std::move(pointer)}});
  }
  return std::make_unique<Set>(std::move(arena), std::move(assignments));
}

Result<> Set::apply(const Event& in, Arena& arena, std::vector<Event>& out) const {
  Event event = in;
  for (const Assignment& assignment : assignments_) {
    const Path& to = assignment.to;
    Document* const target = to.document(event);
    const bool is_image = to.root() == Path::Root::before || to.root() == Path::Root::after;
    if (is_image && !*target) {
      continue;  // that an event has no such image means something
    }
    Value value;
    if (const auto* const literal = std::get_if<Value>(&assignment.value)) {
      value = *literal;
    } else {
      auto rendered = render(std::get<Template>(assignment.value), event, arena);
      if (!rendered) {
        return rejected(fmt::format("set {}: {}", to.text(), rendered.error().what));
      }
      value = *std::move(rendered);
    }
    if (target == nullptr) {
      std::string text;
      doc::append_text(value.element, text);
      event.stream = arena.copy(text);
      continue;
    }
    auto changed = with(*target, to.names(), value, arena);
    if (!changed) {
      return rejected(fmt::format("set {}: {}", to.text(), changed.error().what));
    }
    *target = *changed;
    if (is_image) {
      event.has_raw = false;  // the payload is no longer what it came as
      event.raw = {};
    }
  }
  out.push_back(event);
  return {};
}

}  // namespace penstock::transforms
