#include "pipeline_file/reference.h"

#include <set>
#include <vector>

#include <fmt/core.h>

#include "base/json_string.h"
#include "config/describe.h"
#include "config/nearest.h"
#include "config/problems.h"
#include "pipeline_file/file_fields.h"

namespace penstock::pipeline_file {

namespace {

constexpr std::string_view kIntroduction = R"(# Reference

Every setting of this build. The program prints this page (`penstock explain --all`) and the part of
one name (`penstock explain NAME`); a test keeps the page current. `penstock explain --schema` is a
JSON schema of pipeline files, for editors. What a connector promises, its limits and its errors
stand in the README of its folder in [src/connectors](../src/connectors/).

## The pipeline file

One file is one pipeline. `penstock run` takes several files, or a folder of them.

| key | meaning |
|---|---|
| `name` | What the pipeline is called, and what its progress is kept under. Required. |
| `source` | Where events come from: a map with the key of one [source](#sources). Required. |
| `transforms` | A list of [transforms](#transforms), applied in order. |
| `sinks` | A list of [sinks](#sinks). At least one must be enabled. |
| `checkpoint` | Where the position is kept: a map with the key of one [store](#checkpoints). |
| `dead_letter` | Where rejected events go: one of the [stores](#dead-letters). |
| `limits` | [Bounds](#limits) of memory and patience. |
| `until` | When the run [ends](#until). |

Sizes are written `4MiB`, `250KB` or `1000`; durations `250ms`, `5s`, `1m`, `1h` or `2d`. An empty
value equals an absent key. A `source`, sink, transform, `checkpoint` or `dead_letter` may hold
`enabled: false`; an empty `enabled` means false. What is disabled has its keys checked and needs
nothing. Anchors, aliases, tags, repeated keys and several documents are refused.

### Substitution

Once, in scalars, innermost first; what was put in is not scanned again.

| written | becomes |
|---|---|
| `${NAME}` | the environment variable; an error when it is not set |
| `${NAME:-default}` | the default when it is not set or empty |
| `${NAME:+value}` | the value when it is set and not empty, else nothing |
| `${NAME:?message}` | an error with the message when it is not set or empty |
| `${file:/path}` | the content of the file, without the line break at its end |
| `$${` | `${` |

### Names from data

Settings that name a file, a folder or the like may hold `{stream}`, `{database}` and
`{collection}` (of the stream, before and after its first dot), `{table}` (the stream), `{key}`,
`{op}`, `{yyyy}`, `{mm}`, `{dd}`, `{hh}` (the event's own time, in UTC), `{meta.NAME}`,
`{after.PATH}` and `{before.PATH}`. A missing or null field rejects the event. In values from data
`/`, `%`, control bytes, bytes that are no UTF-8 and a dot at the front of a path segment become
`%XX`; a value of more than 200 bytes is cut and ends in `%2D` and its hash. Empty path segments
vanish.

### Filters

`when` and the transform `filter` hold an Amazon EventBridge event pattern over the event as JSON:
`{op, stream, key, before, after, meta, at}`. Known are exact values, `prefix`, `suffix`,
`anything-but` (also of a prefix or suffix), `numeric`, `exists` and `$or`. An event's numbers are
compared exactly, whatever their length; those of a pattern have at most 34 digits. A list matches
by any of its values, also those of lists in it; fields below a list must match in one of its items,
and `exists: false` says that this item lacks the field, or every item where nothing else is asked
of one. Beyond EventBridge, `exists` also takes objects: `before: [{exists: false}]`.
`docs/adr/0012-filters-beside-event-ruler.md` lists what else differs.
)";

template <class F>
std::string table(F fields) {
  return config::markdown_table([&](config::FieldVisitor& v) { fields.fields(v); });
}

template <class T>
std::string part(const Entry<T>& entry, std::string_view kind, bool list) {
  std::string out = fmt::format("### `{}` ({})\n\n{}\n\n", entry.name, kind, entry.doc);
  out += config::markdown_table(entry.fields);
  const std::string_view dash = list ? "- " : "  ";
  const std::string shown = config::example(entry.name, entry.fields, 2);
  if (kind == "transform" || kind == "sink" || kind == "source" || kind == "checkpoint" ||
      kind == "dead letters") {
    const std::string key = kind == "dead letters" ? "dead_letter"
                            : list                 ? std::string(kind) + "s"
                                                   : std::string(kind);
    out += fmt::format(
        "\n```yaml\n{}:\n{}{}```\n", key, dash == "- " ? "  - " : "  ",
        dash == "- " ? config::example(entry.name, entry.fields, 4).substr(4) : shown.substr(2));
  }
  return out + "\n";
}

template <class T>
void parts(const Registry::Entries<T>& entries, std::string_view title, std::string_view kind,
           bool list, std::string& out) {
  out += fmt::format("## {}\n\n", title);
  if (entries.empty()) {
    out += "This build has none.\n\n";
  }
  for (const auto& [name, entry] : entries) {
    out += part(entry, kind, list);
  }
}

template <class T>
void part_of(const Registry::Entries<T>& entries, std::string_view kind, bool list,
             std::string_view name, std::string& out) {
  if (const auto found = entries.find(name); found != entries.end()) {
    out += part(found->second, kind, list);
  }
}

// What `explain` says of a section of the file, or of a group that stands beside a connector.
struct Section {
  std::string_view name, about;
  std::string table;
};

std::vector<Section> sections() {
  constexpr std::string_view kBeside = "Stands beside the key of a source or sink.";
  return {{"limits", "A key of the pipeline file: bounds of memory and patience.",
           table(LimitsFields{})},
          {"until", "A key of the pipeline file: when the run ends.", table(UntilFields{})},
          {"every", "Stands among the settings of any checkpoint store.", table(EveryFields{})},
          {"source", "A key of the pipeline file. These stand beside the source's own key.",
           table(SourceFields{})},
          {"sinks", "A key of the pipeline file. These stand beside each sink's own key.",
           table(SinkFields{})},
          {"batch", kBeside, table(BatchFields{})},
          {"retry", kBeside, table(RetryFields{})},
          {"tls", kBeside, table(TlsFields{})}};
}

template <class T>
void add_names(const Registry::Entries<T>& entries, std::set<std::string>& names) {
  for (const auto& [name, entry] : entries) {
    names.insert(name);
  }
}

// {"oneOf": …} would tell little about a mistake in an editor; so each connector is an optional
// property of its component, beside the shared ones.
template <class T>
std::string components(const Registry::Entries<T>& entries, const config::Fields& shared,
                       std::string_view more) {
  std::string properties{more};
  for (const auto& [name, entry] : entries) {
    properties += properties.empty() ? "" : ",";
    append_json_string(name, properties);
    properties += ":" + config::json_schema(entry.fields);
  }
  const std::string beside = config::json_schema(shared);
  constexpr std::string_view kProperties = R"("properties":{)";
  const size_t begin = beside.find(kProperties) + kProperties.size();
  const std::string inner = beside.substr(begin, beside.rfind('}', beside.size() - 2) - begin);
  if (!inner.empty()) {
    properties += (properties.empty() ? "" : ",") + inner;
  }
  return fmt::format(R"({{"type":"object","additionalProperties":false,"properties":{{{}}}}})",
                     properties);
}

template <class T>
std::string formats(const Registry::Entries<T>& entries, bool raw) {
  std::string names = raw && !entries.contains("raw") ? R"("raw",)" : "";
  std::string options;
  for (const auto& [name, entry] : entries) {
    append_json_string(name, names);
    names += ',';
    options += options.empty() ? "" : ",";
    append_json_string(name, options);
    options += ":" + config::json_schema(entry.fields);
  }
  return fmt::format(R"("format":{{"anyOf":[{{"enum":[{}"",null]}},{{"type":"object",)"
                     R"("additionalProperties":false,"maxProperties":1,"properties":{{{}}}}}]}})",
                     names, options);
}

constexpr std::string_view kEnabled =
    R"("enabled":{"type":["boolean","string","null"],"description":"Empty means false."})";

}  // namespace

std::string reference_page(const Registry& registry) {
  std::string out{kIntroduction};
  out +=
      "\n### Beside the source\n\nThese stand beside the source's own key, with `enabled` and "
      "`format` (the name of a [format](#formats-of-sources), or `{NAME: {options}}`).\n\n" +
      table(SourceFields{});
  out +=
      "\n### Beside a sink\n\nThese stand beside the sink's own key, with `enabled` and "
      "`format` (the name of a [format](#formats-of-sinks), or `{NAME: {options}}`).\n\n" +
      table(SinkFields{});
  out += "\n### `limits`\n\n" + table(LimitsFields{});
  out += "\n### `until`\n\n" + table(UntilFields{});
  out += "\n### `every`\n\nAmong the settings of any checkpoint store.\n\n";
  EveryFields every;
  out += config::markdown_table([&](config::FieldVisitor& v) { every.fields(v); }) + "\n";
  parts(registry.sources, "Sources", "source", false, out);
  parts(registry.sinks, "Sinks", "sink", true, out);
  parts(registry.transforms, "Transforms", "transform", true, out);
  parts(registry.decoders, "Formats of sources", "format of a source", false, out);
  parts(registry.encoders, "Formats of sinks", "format of a sink", false, out);
  parts(registry.checkpoints, "Checkpoints", "checkpoint", false, out);
  parts(registry.dead_letters, "Dead letters", "dead letters", false, out);
  while (out.ends_with("\n\n")) {
    out.pop_back();
  }
  return out;
}

Result<std::string> reference_of(const Registry& registry, std::string_view name) {
  std::string out;
  part_of(registry.sources, "source", false, name, out);
  part_of(registry.sinks, "sink", true, name, out);
  part_of(registry.transforms, "transform", true, name, out);
  part_of(registry.decoders, "format of a source", false, name, out);
  part_of(registry.encoders, "format of a sink", false, name, out);
  part_of(registry.checkpoints, "checkpoint", false, name, out);
  part_of(registry.dead_letters, "dead letters", false, name, out);
  std::set<std::string> names;
  for (const Section& section : sections()) {
    names.emplace(section.name);
    if (section.name == name) {
      out += fmt::format("### `{}`\n\n{}\n\n{}\n", name, section.about, section.table);
    }
  }
  if (!out.empty()) {
    out.pop_back();
    return out;
  }
  add_names(registry.sources, names);
  add_names(registry.sinks, names);
  add_names(registry.transforms, names);
  add_names(registry.decoders, names);
  add_names(registry.encoders, names);
  add_names(registry.checkpoints, names);
  add_names(registry.dead_letters, names);
  const std::vector<std::string> known(names.begin(), names.end());
  return fatal(fmt::format("explain: this build has no {}{}", config::quote(name),
                           config::hint(name, known)));
}

std::string json_schema(const Registry& registry) {
  const auto fields_of = [](auto fields) -> config::Fields {
    return [fields](config::FieldVisitor& v) mutable { fields.fields(v); };
  };
  const config::Fields none = [](config::FieldVisitor&) {};
  const std::string enabled{kEnabled};
  return fmt::format(
      R"({{"$schema":"https://json-schema.org/draft/2020-12/schema","title":"Penstock pipeline",)"
      R"("type":"object","additionalProperties":false,"required":["name","source","sinks"],)"
      R"("properties":{{"name":{{"type":"string"}},"source":{},"transforms":{{"type":["array",)"
      R"("null"],"items":{}}},"sinks":{{"type":"array","items":{}}},"checkpoint":{},)"
      R"("dead_letter":{},"alerts":{{"type":["array","null"]}},"limits":{},"until":{}}}}})"
      "\n",
      components(registry.sources, fields_of(SourceFields{}),
                 enabled + "," + formats(registry.decoders, true)),
      components(registry.transforms, fields_of(TransformFields{}), enabled),
      components(registry.sinks, fields_of(SinkFields{}),
                 enabled + "," + formats(registry.encoders, false)),
      components(registry.checkpoints, none, enabled),
      components(registry.dead_letters, none, enabled),
      config::json_schema(fields_of(LimitsFields{})),
      config::json_schema(fields_of(UntilFields{})));
}

}  // namespace penstock::pipeline_file
