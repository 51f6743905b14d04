#include "config/read_fields.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/join.h"
#include "config/json_text.h"
#include "config/nearest.h"
#include "config/problems.h"
#include "config/scalars.h"

namespace penstock::config {

namespace {

class FieldReader final : public FieldVisitor {
 public:
  FieldReader(const Node& node, std::string what, const ReadOptions& options, Problems& problems)
      : node_(node), what_(std::move(what)), options_(options), problems_(problems) {}

  void field(std::string_view name, std::string& value, const FieldOptions& options) override {
    if (const Node* const node = scalar(name, options, "a text")) {
      if (allowed(*node, name, node->scalar, options)) {
        value = node->scalar;
      }
    }
  }
  void field(std::string_view name, bool& value, const FieldOptions& options) override {
    if (const Node* const node = scalar(name, options, "true or false")) {
      take(*node, name, options, parse_bool(node->scalar), "true or false", value);
    }
  }
  void field(std::string_view name, int64_t& value, const FieldOptions& options) override {
    if (const Node* const node = scalar(name, options, "a whole number")) {
      integer(*node, name, options, value);
    }
  }
  void field(std::string_view name, std::optional<int64_t>& value,
             const FieldOptions& options) override {
    if (const Node* const node = scalar(name, options, "a whole number")) {
      int64_t number = 0;
      if (integer(*node, name, options, number)) {
        value = number;
      }
    }
  }
  void field(std::string_view name, double& value, const FieldOptions& options) override {
    if (const Node* const node = scalar(name, options, "a number")) {
      const auto parsed = parse_double(node->scalar);
      const bool small = parsed && options.min && *parsed < static_cast<double>(*options.min);
      const bool large = parsed && options.max && *parsed > static_cast<double>(*options.max);
      if (small || large) {
        out_of_range(*node, name, options, [](int64_t bound) { return fmt::format("{}", bound); });
        return;
      }
      take(*node, name, options, parsed, "a number", value);
    }
  }
  void field(std::string_view name, Duration& value, const FieldOptions& options) override {
    if (const Node* const node = scalar(name, options, kDuration)) {
      duration(*node, name, options, value);
    }
  }
  void field(std::string_view name, std::optional<Duration>& value,
             const FieldOptions& options) override {
    if (const Node* const node = scalar(name, options, kDuration)) {
      Duration parsed{0};
      if (duration(*node, name, options, parsed)) {
        value = parsed;
      }
    }
  }
  void field(std::string_view name, ByteSize& value, const FieldOptions& options) override {
    if (const Node* const node = scalar(name, options, kSize)) {
      const auto parsed = parse_size(node->scalar);
      const auto bytes = parsed ? static_cast<int64_t>(parsed->bytes) : 0;
      if (parsed && !in_range(bytes, options)) {
        out_of_range(*node, name, options,
                     [](int64_t bound) { return to_text(ByteSize{static_cast<uint64_t>(bound)}); });
        return;
      }
      take(*node, name, options, parsed, kSize, value);
    }
  }
  void field(std::string_view name, std::vector<std::string>& value,
             const FieldOptions& options) override {
    const Node* const node = present(name, options);
    if (node == nullptr) {
      return;
    }
    std::vector<const Node*> items;
    if (node->kind == Node::Kind::scalar) {
      items.push_back(node);  // one value needs no brackets
    } else if (node->kind == Node::Kind::sequence) {
      for (const Node& item : node->items) {
        items.push_back(&item);
      }
    } else {
      wrong(*node, name, options, "a list of texts");
      return;
    }
    std::vector<std::string> texts;
    for (const Node* const item : items) {
      if (item->is_empty() || item->withheld) {
        continue;  // an empty scalar equals an absent one
      }
      if (item->kind != Node::Kind::scalar) {
        wrong(*item, name, options, "a list of texts");
        return;
      }
      if (!allowed(*item, name, item->scalar, options)) {
        return;
      }
      texts.push_back(item->scalar);
    }
    value = std::move(texts);
  }
  void field(std::string_view name, std::map<std::string, std::string>& value,
             const FieldOptions& options) override {
    const Node* const node = present(name, options);
    if (node == nullptr) {
      return;
    }
    if (node->kind != Node::Kind::map) {
      wrong(*node, name, options, "a map of names to texts");
      return;
    }
    std::map<std::string, std::string> texts;
    for (const auto& [key, item] : node->entries) {
      if (item.is_empty() || item.withheld) {
        continue;
      }
      if (item.kind != Node::Kind::scalar) {
        wrong(item, name, options, "a map of names to texts");
        return;
      }
      texts.emplace(key, item.scalar);
    }
    value = std::move(texts);
  }
  void field(std::string_view name, FieldGroup& value, const FieldOptions& options) override {
    const Node* const node = present(name, options);
    if (node == nullptr) {
      return;
    }
    if (node->kind != Node::Kind::map) {
      wrong(*node, name, options, "a map of settings");
      return;
    }
    FieldReader inner(*node, fmt::format("{}.{}", what_, name), options_, problems_);
    value.fields(inner);
    inner.finish();
  }
  void json(std::string_view name, std::string& json_text, const FieldOptions& options) override {
    const Node* const node = present(name, options);
    if (node == nullptr) {
      return;
    }
    std::string text;
    append_json(*node, text);
    json_text = std::move(text);
  }

  // After all fields were visited: what is left over is unknown.
  void finish() {
    if (whole_) {
      return;
    }
    if (node_.kind == Node::Kind::map) {
      for (const auto& [key, value] : node_.entries) {
        if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
          problems_.add(
              value.key_mark,
              known_.empty()
                  ? fmt::format("{}: takes no settings, and has {}", what_, quote(key))
                  : fmt::format("{}: unknown setting {}{}", what_, quote(key), hint(key, known_)));
        }
      }
      return;
    }
    if (!node_.is_empty() && !node_.withheld) {
      problems_.add(node_.mark, fmt::format("{}: a map of settings is expected{}{}", what_,
                                            known_.empty() ? "" : ", with ", join(known_, ", ")));
    }
  }

 private:
  static constexpr std::string_view kDuration = "a duration, as 250ms, 5s, 1m, 1h or 2d";
  static constexpr std::string_view kSize = "a size, as 4MiB, 250KB or 1000";

  // The field's node when it holds anything; notes a missing one.
  const Node* present(std::string_view name, const FieldOptions& options) {
    const Node* node = nullptr;
    if (name.empty()) {
      whole_ = whole_ || node_.kind != Node::Kind::map || known_.empty();
      node = whole_ ? &node_ : nullptr;
    } else {
      known_.emplace_back(name);
      node = node_.kind == Node::Kind::map ? node_.find(name) : nullptr;
    }
    if (node != nullptr && !node->is_empty()) {
      return node->withheld ? nullptr : node;
    }
    const bool read = node != nullptr && node->withheld;
    if (options.required && options_.required && !read) {
      const Mark& mark = node != nullptr ? node->mark : node_.mark;
      problems_.add(mark, name.empty() ? fmt::format("{}: needs a value", what_)
                                       : fmt::format("{}: needs `{}`{}", what_, name,
                                                     options.doc.empty() ? "" : sentence(options)));
    }
    return nullptr;
  }

  static std::string sentence(const FieldOptions& options) {
    return fmt::format(" ({})", options.doc.ends_with('.')
                                    ? options.doc.substr(0, options.doc.size() - 1)
                                    : options.doc);
  }

  const Node* scalar(std::string_view name, const FieldOptions& options,
                     std::string_view expected) {
    const Node* const node = present(name, options);
    if (node != nullptr && node->kind != Node::Kind::scalar) {
      wrong(*node, name, options, expected);
      return nullptr;
    }
    return node;
  }

  std::string label(std::string_view name) const {
    return name.empty() ? what_ : fmt::format("{}: `{}`", what_, name);
  }

  // What stands there, unless it may be a secret.
  static std::string shown(const Node& node, const FieldOptions& options) {
    if (node.kind == Node::Kind::sequence) {
      return "a list";
    }
    if (node.kind == Node::Kind::map) {
      return "a map";
    }
    return options.secret || node.substituted ? "what it was given" : quote(node.scalar);
  }

  void wrong(const Node& node, std::string_view name, const FieldOptions& options,
             std::string_view expected) {
    problems_.add(node.mark,
                  fmt::format("{} takes {}, not {}", label(name), expected, shown(node, options)));
  }

  template <class T>
  bool take(const Node& node, std::string_view name, const FieldOptions& options,
            const std::optional<T>& parsed, std::string_view expected, T& value) {
    if (!parsed) {
      wrong(node, name, options, expected);
      return false;
    }
    value = *parsed;
    return true;
  }

  static bool in_range(int64_t number, const FieldOptions& options) {
    return (!options.min || number >= *options.min) && (!options.max || number <= *options.max);
  }

  template <class Text>
  void out_of_range(const Node& node, std::string_view name, const FieldOptions& options,
                    const Text& text) {
    std::string bounds;
    if (options.min && options.max) {
      bounds = fmt::format("between {} and {}", text(*options.min), text(*options.max));
    } else if (options.min) {
      bounds = fmt::format("at least {}", text(*options.min));
    } else {
      bounds = fmt::format("at most {}", text(*options.max));
    }
    problems_.add(node.mark,
                  fmt::format("{} must be {}, not {}", label(name), bounds, shown(node, options)));
  }

  bool integer(const Node& node, std::string_view name, const FieldOptions& options,
               int64_t& value) {
    const auto parsed = parse_int(node.scalar);
    if (parsed && !in_range(*parsed, options)) {
      out_of_range(node, name, options, [](int64_t bound) { return fmt::format("{}", bound); });
      return false;
    }
    return take(node, name, options, parsed, "a whole number", value);
  }

  bool duration(const Node& node, std::string_view name, const FieldOptions& options,
                Duration& value) {
    const auto parsed = parse_duration(node.scalar);
    if (parsed && !in_range(parsed->count(), options)) {
      out_of_range(node, name, options, [](int64_t bound) { return to_text(Duration{bound}); });
      return false;
    }
    return take(node, name, options, parsed, kDuration, value);
  }

  bool allowed(const Node& node, std::string_view name, std::string_view text,
               const FieldOptions& options) {
    if (options.choices.empty() ||
        std::find(options.choices.begin(), options.choices.end(), text) != options.choices.end()) {
      return true;
    }
    const std::vector<std::string> choices(options.choices.begin(), options.choices.end());
    const std::string near =
        options.secret || node.substituted ? std::string() : nearest(text, choices);
    problems_.add(node.mark,
                  fmt::format("{} must be one of {}, not {}{}", label(name), join(choices, ", "),
                              shown(node, options),
                              near.empty() ? "" : fmt::format("; did you mean `{}`?", near)));
    return false;
  }

  const Node& node_;
  const std::string what_;
  const ReadOptions& options_;
  Problems& problems_;
  std::vector<std::string> known_;
  bool whole_ = false;  // the field "" took the node as a whole
};

}  // namespace

Result<> read_fields(const Node& node, std::string_view what,
                     const std::function<void(FieldVisitor&)>& fields, const ReadOptions& options) {
  Problems problems;
  FieldReader reader(node, std::string(what), options, problems);
  fields(reader);
  reader.finish();
  return problems.result();
}

}  // namespace penstock::config
