#include "pipeline_file/plan.h"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "base/join.h"
#include "config/describe.h"
#include "config/nearest.h"
#include "config/problems.h"
#include "config/scalars.h"
#include "pattern/pattern.h"
#include "pipeline_file/known_names.h"
#include "pipeline_file/plan_rules.h"

namespace penstock::pipeline_file {

namespace {

using config::Node;
using config::Problems;

template <class T>
std::vector<std::string> names_of(const Registry::Entries<T>& entries) {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries) {
    names.push_back(name);
  }
  return names;
}

// The names of the keys that stand beside a connector, to tell them from the connector.
template <class Fields>
std::vector<std::string> field_names() {
  Fields fields;
  std::vector<std::string> names;
  for (const config::FieldText& field :
       config::describe([&](config::FieldVisitor& v) { fields.fields(v); })) {
    if (field.name.find('.') == std::string::npos) {
      names.push_back(field.name);
    }
  }
  return names;
}

struct NoFields {
  void fields(config::FieldVisitor&) {}
};

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Planner {
 public:
  Planner(const Node& file, const Registry& registry) : file_(file), registry_(registry) {}

  Result<Plan> run() {
    top_level();
    if (file_.kind == Node::Kind::map) {
      source();
      transforms();
      sinks();
      checkpoint();
      dead_letter();
      alerts();
      settings(file_.find("limits"), "limits", plan_.limits);
      settings(file_.find("until"), "until", plan_.until);
      check_rules(plan_, file_.find("limits"), problems_);
    }
    TRY(problems_.result());
    return std::move(plan_);
  }

 private:
  void top_level() {
    static const std::vector<std::string> kKeys = {"name",   "source",     "transforms",
                                                   "sinks",  "checkpoint", "dead_letter",
                                                   "alerts", "limits",     "until"};
    if (file_.kind != Node::Kind::map) {
      problems_.add(file_.mark, file_.is_empty()
                                    ? "an empty file; a pipeline needs `name`, `source` and `sinks`"
                                    : "a pipeline is a map with `name`, `source` and `sinks`");
      return;
    }
    for (const auto& [key, value] : file_.entries) {
      if (!contains(kKeys, key)) {
        problems_.add(value.key_mark, fmt::format("unknown key {} of a pipeline{}",
                                                  config::quote(key), config::hint(key, kKeys)));
      }
    }
    const Node* const name = file_.find("name");
    if (name == nullptr || (name->is_empty() && !name->withheld)) {
      problems_.add(name == nullptr ? file_.mark : name->mark,
                    "a pipeline needs a `name`, under which its progress is kept");
      return;
    }
    plan_.name = name->withheld ? "" : component_name(*name, name->scalar);
  }

  // A name goes into paths, log lines and metrics.
  std::string component_name(const Node& node, const std::string& name) {
    const bool fits = node.kind == Node::Kind::scalar && name.size() <= 100 &&
                      std::none_of(name.begin(), name.end(), [](char c) {
                        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '/';
                      });
    if (!fits) {
      problems_.add(node.mark,
                    "a name is a text of at most 100 bytes without `/` and control bytes");
    }
    return name;
  }

  template <class Fields>
  void settings(const Node* node, std::string_view what, Fields& fields) {
    if (node != nullptr) {
      take(config::read_fields(*node, what, [&](config::FieldVisitor& v) { fields.fields(v); }));
    }
  }
  void take(const Result<>& result) {
    if (!result) {
      problems_.add_lines(result.error().what);
    }
  }

  // Absent: true. Empty: false, by the contract. Not known: true, so that the rest is checked.
  bool enabled(const Node& component) {
    const Node* const node = component.find("enabled");
    if (node == nullptr || node->withheld) {
      return true;
    }
    if (node->is_empty()) {
      return false;
    }
    const auto parsed =
        node->kind == Node::Kind::scalar ? config::parse_bool(node->scalar) : std::nullopt;
    if (!parsed) {
      problems_.add(node->mark, "`enabled` takes true or false (empty means false)");
    }
    return parsed.value_or(false);
  }

  // Finds the connector's key in a component, reads what stands beside it into `shared`.
  template <class T, class Fields>
  ComponentPlan<T> component(const Node& node, Kind kind, const Registry::Entries<T>& entries,
                             const std::vector<std::string>& own, Fields& shared) {
    ComponentPlan<T> plan;
    plan.mark = node.mark;
    const std::vector<std::string> known = names_of(entries);
    if (node.kind != Node::Kind::map) {
      if (!node.withheld) {
        problems_.add(node.mark, fmt::format("a {} is a map with the key of one of: {}",
                                             name_of(kind), join(known, ", ")));
      }
      plan.enabled = false;
      return plan;
    }
    plan.enabled = enabled(node);
    std::vector<std::string> beside = field_names<Fields>();
    Node rest = node;
    rest.entries.clear();
    const Node* chosen = nullptr;
    for (const auto& [key, value] : node.entries) {
      if (contains(own, key)) {
        continue;
      }
      if (contains(beside, key)) {
        rest.entries.emplace_back(key, value);
        continue;
      }
      const bool names_one = entries.contains(key) || is_of_contract(kind, key);
      if (names_one && chosen != nullptr) {
        problems_.add(value.key_mark,
                      fmt::format("`{}` and `{}` stand in one {}; each needs a map of its own",
                                  plan.connector, key, name_of(kind)));
      } else if (names_one) {
        chosen = &value;
        plan.connector = key;
      } else {
        unknown_.push_back(&key);
        unknown_marks_.push_back(&value.key_mark);
      }
    }
    beside.insert(beside.end(), own.begin(), own.end());
    report_unknown(kind, plan.connector, known, std::move(beside), node);
    choose(plan, kind, entries, known, chosen);
    take(config::read_fields(rest, fmt::format("{} {}", name_of(kind), plan.connector),
                             [&](config::FieldVisitor& v) { shared.fields(v); },
                             {.required = plan.enabled}));
    return plan;
  }

  void report_unknown(Kind kind, const std::string& connector,
                      const std::vector<std::string>& known, std::vector<std::string> beside,
                      const Node& node) {
    if (connector.empty() && unknown_.empty()) {
      problems_.add(node.mark,
                    fmt::format("this {} names none of: {}", name_of(kind), join(known, ", ")));
    }
    for (size_t i = 0; i < unknown_.size(); ++i) {
      if (connector.empty()) {
        // The connector itself may be the mistyped one.
        std::vector<std::string> all = known;
        all.insert(all.end(), beside.begin(), beside.end());
        const bool near_key = !config::nearest(*unknown_[i], beside).empty() &&
                              config::nearest(*unknown_[i], known).empty();
        problems_.add(*unknown_marks_[i], unknown_name(kind, *unknown_[i], near_key ? all : known));
      } else if (kind == Kind::source && contains(field_names<SinkFields>(), *unknown_[i])) {
        problems_.add(
            *unknown_marks_[i],
            fmt::format("source {}: this build has no `{}` of a source", connector, *unknown_[i]));
      } else {
        problems_.add(*unknown_marks_[i],
                      fmt::format("{} {}: unknown key {} beside it{}", name_of(kind), connector,
                                  config::quote(*unknown_[i]), config::hint(*unknown_[i], beside)));
      }
    }
    unknown_.clear();
    unknown_marks_.clear();
  }

  template <class T>
  void choose(ComponentPlan<T>& plan, Kind kind, const Registry::Entries<T>& entries,
              const std::vector<std::string>& known, const Node* chosen) {
    if (chosen == nullptr) {
      return;
    }
    plan.settings = *chosen;
    plan.mark = chosen->key_mark;
    const auto found = entries.find(plan.connector);
    if (found == entries.end()) {
      problems_.add(plan.mark, unknown_name(kind, plan.connector, known));
      return;
    }
    plan.entry = &found->second;
  }

  template <class T>
  void check_settings(const ComponentPlan<T>& plan) {
    if (plan.entry != nullptr) {
      take(plan.entry->check(plan.settings, {.required = plan.enabled}));
    }
  }

  template <class T>
  std::optional<FormatPlan> format(const Node& component, Kind kind,
                                   const Registry::Entries<T>& entries, bool raw_needs_none) {
    const Node* const node = component.kind == Node::Kind::map ? component.find("format") : nullptr;
    if (node == nullptr || node->is_empty() || node->withheld) {
      return std::nullopt;
    }
    FormatPlan plan;
    plan.mark = node->mark;
    if (node->kind == Node::Kind::scalar) {
      plan.name = node->scalar;
      plan.options.mark = node->mark;
    } else if (node->kind == Node::Kind::map && node->entries.size() == 1) {
      plan.name = node->entries[0].first;
      plan.options = node->entries[0].second;
    } else {
      problems_.add(node->mark, "`format` takes a name, or a map of one name and its options");
      return std::nullopt;
    }
    const auto found = entries.find(plan.name);
    if (found != entries.end()) {
      take(found->second.check(plan.options, {}));
      return plan;
    }
    if (raw_needs_none && plan.name == "raw") {
      return plan;
    }
    std::vector<std::string> known = names_of(entries);
    if (raw_needs_none && !entries.contains("raw")) {
      known.emplace_back("raw");
    }
    problems_.add(node->mark, unknown_name(kind, plan.name, known));
    return std::nullopt;
  }

  void source() {
    const Node* const node = file_.find("source");
    if (node == nullptr || (node->is_empty() && !node->withheld)) {
      problems_.add(node == nullptr ? file_.mark : node->mark, "a pipeline needs a `source`");
      return;
    }
    SourcePlan& source = plan_.source;
    source.component = component(without_resnapshot(*node, problems_), Kind::source,
                                 registry_.sources, {"enabled", "format"}, source.shared);
    check_settings(source.component);
    source.format = format(*node, Kind::decoder, registry_.decoders, true);
    if (node->kind == Node::Kind::map && !source.component.enabled) {
      problems_.add(node->mark, "the source is not enabled; a pipeline without one does nothing");
    }
    common(source, *node, fmt::format("source {}", source.component.connector));
    if (source.shared.name.empty()) {
      source.shared.name = source.component.connector;
    }
  }

  // What source and sink share.
  template <class PlanOfOne>
  void common(PlanOfOne& plan, const Node& node, const std::string& what) {
    auto& shared = plan.shared;
    const auto* const entry = plan.component.entry;
    if (shared.tls.files() != net::TlsFiles{} && entry != nullptr) {
      tls(shared.tls, *node.find("tls"), what, entry->takes_tls);
    }
    if (shared.retry.initial > shared.retry.max) {
      problems_.add(node.mark, fmt::format("{}: `retry.initial` is longer than `retry.max`", what));
    }
    if (!shared.when.empty() && !node.find("when")->is_known()) {
      shared.when.clear();
    }
    if (!shared.when.empty()) {
      if (const auto pattern = Pattern::parse(shared.when); !pattern) {
        problems_.add(node.find("when")->mark,
                      fmt::format("{}: `when`: {}", what, pattern.error().what));
      }
    }
    if (!shared.name.empty()) {
      component_name(*node.find("name"), shared.name);
    }
  }

  void tls(const TlsFields& files, const Node& node, const std::string& what, bool is_taken) {
    if (!is_taken) {
      problems_.add(node.mark, fmt::format("{} takes no `tls` settings", what));
    } else if (files.cert.empty() != files.key.empty() && node.is_known()) {
      problems_.add(
          node.mark,
          fmt::format("{}: tls: `cert` and `key` go together; give both or neither", what));
    }
  }

  // The items of a list; a single map is not taken for one.
  const std::vector<Node>& list(std::string_view key) {
    static const std::vector<Node> kNone;
    const Node* const node = file_.find(key);
    if (node == nullptr || node->is_empty()) {
      return kNone;
    }
    if (node->kind != Node::Kind::sequence) {
      if (!node->withheld) {
        problems_.add(node->mark, fmt::format("`{}` takes a list: begin each with `- `", key));
      }
      return kNone;
    }
    return node->items;
  }

  void transforms() {
    for (const Node& node : list("transforms")) {
      TransformPlan transform;
      transform.component =
          component(node, Kind::transform, registry_.transforms, {"enabled"}, transform.shared);
      check_settings(transform.component);
      if (transform.shared.name.empty()) {
        transform.shared.name = transform.component.connector;
      } else {
        component_name(*node.find("name"), transform.shared.name);
      }
      if (transform.component.enabled) {
        plan_.transforms.push_back(std::move(transform));
      }
    }
  }

  void sinks() {
    const std::vector<Node>& nodes = list("sinks");
    std::set<std::string> names;
    for (const Node& node : nodes) {
      SinkPlan sink;
      sink.component =
          component(node, Kind::sink, registry_.sinks, {"enabled", "format"}, sink.shared);
      check_settings(sink.component);
      sink.format = format(node, Kind::encoder, registry_.encoders, false);
      common(sink, node, fmt::format("sink {}", sink.component.connector));
      if (sink.shared.name.empty()) {
        sink.shared.name = sink.component.connector;
      }
      const Node* const name = node.find("name");
      const bool is_named = !sink.shared.name.empty() && (name == nullptr || !name->withheld);
      if (is_named && !names.insert(sink.shared.name).second) {
        problems_.add(node.mark, fmt::format("two sinks are called `{}`; give this one a `name` of "
                                             "its own",
                                             sink.shared.name));
      }
      if (sink.component.enabled) {
        plan_.sinks.push_back(std::move(sink));
      }
    }
    const Node* const node = file_.find("sinks");
    const bool is_known = node == nullptr || !node->withheld;
    if (plan_.sinks.empty() && problems_.empty() && is_known) {
      problems_.add(
          node == nullptr ? file_.mark : node->mark,
          nodes.empty() ? "a pipeline needs `sinks`" : "no sink is enabled; a pipeline needs one");
    }
  }

  void checkpoint() {
    const Node* const node = file_.find("checkpoint");
    if (node == nullptr || node->is_empty()) {
      return;
    }
    NoFields none;
    auto store = component(*node, Kind::checkpoint, registry_.checkpoints, {"enabled"}, none);
    every(store.settings);
    if (store.entry == nullptr) {
      return;
    }
    if (const auto keys = store.entry->check(store.settings, {.required = false}); !keys) {
      take(keys);
      return;
    }
    if (!store.enabled) {
      return;
    }
    if (const auto whole = store.entry->check(store.settings, {}); !whole) {
      // Only what is required and empty can be wrong now: a store without a name (contract).
      plan_.warnings.push_back(
          fmt::format("no checkpoint: the store has no name, so a restart begins anew ({})",
                      whole.error().what));
      return;
    }
    plan_.checkpoint = std::move(store);
  }

  // `every` stands among the settings of any store.
  void every(Node& store) {
    const auto at = std::find_if(store.entries.begin(), store.entries.end(),
                                 [](const auto& entry) { return entry.first == "every"; });
    if (store.kind != Node::Kind::map || at == store.entries.end()) {
      return;
    }
    settings(&at->second, "checkpoint.every", plan_.every);
    store.entries.erase(at);
  }

  void dead_letter() {
    const Node* const node = file_.find("dead_letter");
    if (node == nullptr || node->is_empty()) {
      return;
    }
    NoFields none;
    auto store = component(*node, Kind::dead_letter, registry_.dead_letters, {"enabled"}, none);
    check_settings(store);
    if (store.enabled) {
      plan_.dead_letter = std::move(store);
    }
  }

  void alerts() {
    for (const Node& node : list("alerts")) {
      if (node.kind != Node::Kind::map) {
        problems_.add(node.mark, "an alert is a map");
        continue;
      }
      if (enabled(node)) {
        problems_.add(node.mark,
                      "alerts are not in this build; take it out or disable it, and watch "
                      "/metrics and /healthz instead");
      }
      Node keys = node;
      std::erase_if(keys.entries, [](const auto& entry) { return entry.first == "enabled"; });
      AlertFields alert;
      settings(&keys, "alert", alert);
    }
  }

  const Node& file_;
  const Registry& registry_;
  Problems problems_;
  Plan plan_;
  // Of the component at work: keys that are neither its connector nor known beside it.
  std::vector<const std::string*> unknown_;
  std::vector<const config::Mark*> unknown_marks_;
};

}  // namespace

Result<Plan> make_plan(const Node& file, const Registry& registry) {
  return Planner(file, registry).run();
}

}  // namespace penstock::pipeline_file
