#include "pipeline_file/selection.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/sha256.h"

namespace penstock::pipeline_file {

namespace {

void append(std::string_view text, std::string& out) {
  out += fmt::format("{}:", text.size());
  out += text;
}

// In a canonical form: neither the order of keys nor the way of writing YAML matters.
void append(const config::Node& node, std::string& out) {
  switch (node.kind) {
    case config::Node::Kind::null:
      out += 'n';
      return;
    case config::Node::Kind::scalar:
      out += node.quoted ? 'q' : 's';
      append(node.scalar, out);
      return;
    case config::Node::Kind::sequence:
      out += fmt::format("l{}:", node.items.size());
      for (const config::Node& item : node.items) {
        append(item, out);
      }
      return;
    case config::Node::Kind::map: {
      std::vector<const std::pair<std::string, config::Node>*> entries;
      entries.reserve(node.entries.size());
      for (const auto& entry : node.entries) {
        entries.push_back(&entry);
      }
      std::ranges::sort(entries, {}, [](const auto* entry) { return entry->first; });
      out += fmt::format("m{}:", entries.size());
      for (const auto* entry : entries) {
        append(entry->first, out);
        append(entry->second, out);
      }
      return;
    }
  }
}

void append_format(const SourcePlan& source, std::string& out) {
  std::string name =
      source.component.entry == nullptr ? "" : source.component.entry->default_format;
  config::Node options;
  if (source.format) {
    name = source.format->name;
    options = source.format->options;
  }
  append(name, out);
  append(options, out);
}

}  // namespace

std::string selection_of(const Plan& plan, const SinkPlan& sink) {
  std::string text;
  append(plan.source.shared.when, text);
  append_format(plan.source, text);
  for (const TransformPlan& transform : plan.transforms) {
    append(transform.component.connector, text);
    append(transform.component.settings, text);
  }
  append(sink.shared.when, text);
  return sha256_hex(text).substr(0, 32);  // settings may hold secrets
}

}  // namespace penstock::pipeline_file
