#include "config/describe.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/join.h"
#include "base/json_string.h"
#include "config/scalars.h"

namespace penstock::config {

namespace {

class TextVisitor final : public FieldVisitor {
 public:
  std::vector<FieldText> found;

  void field(std::string_view name, std::string& value, const FieldOptions& options) override {
    add(name, options.choices.empty() ? "text" : "choice", value, options);
  }
  void field(std::string_view name, bool& value, const FieldOptions& options) override {
    add(name, "true or false", value ? "true" : "false", options);
  }
  void field(std::string_view name, int64_t& value, const FieldOptions& options) override {
    add(name, "whole number", fmt::format("{}", value), options);
  }
  void field(std::string_view name, double& value, const FieldOptions& options) override {
    add(name, "number", fmt::format("{}", value), options);
  }
  void field(std::string_view name, Duration& value, const FieldOptions& options) override {
    add(name, "duration", to_text(value), options);
  }
  void field(std::string_view name, ByteSize& value, const FieldOptions& options) override {
    add(name, "size", value.bytes == 0 ? "" : to_text(value), options);
  }
  void field(std::string_view name, std::vector<std::string>& value,
             const FieldOptions& options) override {
    add(name, "list of texts", value.empty() ? "" : fmt::format("[{}]", join(value, ", ")),
        options);
  }
  void field(std::string_view name, std::map<std::string, std::string>&,
             const FieldOptions& options) override {
    add(name, "map of texts", "", options);
  }
  void field(std::string_view name, FieldGroup& value, const FieldOptions& options) override {
    add(name, "map", "", options);
    found.back().group = true;
    const std::string outer = prefix_;
    prefix_ = found.back().name + ".";
    value.fields(*this);
    prefix_ = outer;
  }
  void field(std::string_view name, std::optional<int64_t>& value,
             const FieldOptions& options) override {
    add(name, "whole number", value ? fmt::format("{}", *value) : "", options);
  }
  void field(std::string_view name, std::optional<Duration>& value,
             const FieldOptions& options) override {
    add(name, "duration", value ? to_text(*value) : "", options);
  }
  void json(std::string_view name, std::string& json_text, const FieldOptions& options) override {
    add(name, "any value", json_text, options);
  }

 private:
  void add(std::string_view name, std::string_view type, std::string by_default,
           const FieldOptions& options) {
    FieldText text;
    text.name = prefix_ + std::string(name);
    text.type = type;
    text.by_default = options.required || options.secret ? "" : std::move(by_default);
    text.doc = options.doc;
    text.choices.assign(options.choices.begin(), options.choices.end());
    text.required = options.required;
    text.secret = options.secret;
    found.push_back(std::move(text));
  }

  std::string prefix_;
};

// One cell: no line break, no bar.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') {
      out += "\\|";
    } else {
      out += c == '\n' ? ' ' : c;
    }
  }
  return out;
}

class SchemaVisitor final : public FieldVisitor {
 public:
  std::string properties;  // `"a":{…},"b":{…}`
  std::string required;    // `"a","b"`
  std::string whole;       // of a component that is one value: its schema

  void field(std::string_view name, std::string&, const FieldOptions& options) override {
    if (options.choices.empty()) {
      add(name, R"("type":["string","number","boolean","null"])", options);
      return;
    }
    std::string choices = R"("enum":[)";
    for (const std::string_view choice : options.choices) {
      append_json_string(choice, choices);
      choices += ',';
    }
    add(name, choices + R"("",null])", options);
  }
  void field(std::string_view name, bool&, const FieldOptions& options) override {
    add(name, R"("type":["boolean","string","null"])", options);
  }
  void field(std::string_view name, int64_t&, const FieldOptions& options) override {
    add(name, R"("type":["integer","string","null"])", options);
  }
  void field(std::string_view name, double&, const FieldOptions& options) override {
    add(name, R"("type":["number","string","null"])", options);
  }
  void field(std::string_view name, Duration&, const FieldOptions& options) override {
    add(name, kDuration, options);
  }
  void field(std::string_view name, ByteSize&, const FieldOptions& options) override {
    add(name, R"("type":["integer","string","null"])", options);
  }
  void field(std::string_view name, std::vector<std::string>&,
             const FieldOptions& options) override {
    add(name, R"("type":["array","string","null"])", options);
  }
  void field(std::string_view name, std::map<std::string, std::string>&,
             const FieldOptions& options) override {
    add(name, R"("type":["object","null"])", options);
  }
  void field(std::string_view name, FieldGroup& value, const FieldOptions& options) override {
    SchemaVisitor inner;
    value.fields(inner);
    add(name, inner.object(), options);
  }
  void field(std::string_view name, std::optional<int64_t>&, const FieldOptions& options) override {
    add(name, R"("type":["integer","string","null"])", options);
  }
  void field(std::string_view name, std::optional<Duration>&,
             const FieldOptions& options) override {
    add(name, kDuration, options);
  }
  void json(std::string_view name, std::string&, const FieldOptions& options) override {
    add(name, "", options);
  }

  // The members of an object's schema, without its braces.
  std::string object() const {
    if (!whole.empty() && properties.empty()) {
      return whole;
    }
    std::string out = fmt::format(
        R"("type":["object","null"],"additionalProperties":false,"properties":{{{}}})", properties);
    if (!required.empty()) {
      out += fmt::format(R"(,"required":[{}])", required);
    }
    return out;
  }

 private:
  static constexpr std::string_view kDuration =
      R"("type":["string","integer","null"],"examples":["250ms","5s","1h"])";

  void add(std::string_view name, std::string_view members, const FieldOptions& options) {
    std::string schema = R"("description":)";
    append_json_string(options.doc, schema);
    if (!members.empty()) {
      schema += ',';
      schema += members;
    }
    if (name.empty()) {
      whole = schema;
      return;
    }
    properties += properties.empty() ? "" : ",";
    append_json_string(name, properties);
    properties += fmt::format(":{{{}}}", schema);
    if (options.required) {
      required += required.empty() ? "" : ",";
      append_json_string(name, required);
    }
  }
};

std::string sample(const FieldText& field) {
  if (!field.choices.empty()) {
    return field.choices.front();
  }
  if (field.type == "whole number" || field.type == "number") {
    return "1";
  }
  if (field.type == "duration") {
    return "5s";
  }
  if (field.type == "size") {
    return "4MiB";
  }
  if (field.type == "true or false") {
    return "true";
  }
  if (field.type == "list of texts") {
    return "[one, two]";
  }
  if (field.type == "map of texts" || field.type == "any value") {
    return "{name: value}";
  }
  std::string variable = field.name;
  std::ranges::transform(variable, variable.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c == '.' ? '_' : c;
  });
  return fmt::format("\"${{{}}}\"", variable);
}

}  // namespace

std::vector<FieldText> describe(const Fields& fields) {
  TextVisitor visitor;
  fields(visitor);
  return std::move(visitor.found);
}

std::string markdown_table(const Fields& fields) {
  const std::vector<FieldText> found = describe(fields);
  if (found.empty()) {
    return "It takes no settings.\n";
  }
  std::string out = "| setting | type | default | meaning |\n|---|---|---|---|\n";
  for (const FieldText& field : found) {
    std::string meaning = field.doc;
    if (!field.choices.empty()) {
      meaning += fmt::format(" One of `{}`.", join(field.choices, "`, `"));
    }
    if (field.secret) {
      meaning += " Secret: never shown.";
    }
    const std::string by_default = field.required             ? "required"
                                   : field.by_default.empty() ? ""
                                                              : "`" + field.by_default + "`";
    out += fmt::format("| {} | {} | {} | {} |\n",
                       field.name.empty() ? "(the value)" : "`" + field.name + "`", field.type,
                       cell(by_default), cell(meaning));
  }
  return out;
}

std::string json_schema(const Fields& fields) {
  SchemaVisitor visitor;
  fields(visitor);
  return fmt::format("{{{}}}", visitor.object());
}

std::string example(std::string_view name, const Fields& fields, size_t indent) {
  const std::string margin(indent, ' ');
  std::string out;
  for (const FieldText& field : describe(fields)) {
    if (!field.required || field.name.find('.') != std::string::npos) {
      continue;
    }
    if (field.name.empty()) {
      return fmt::format("{}{}: {}\n", margin, name, sample(field));
    }
    out += fmt::format("{}  {}: {}\n", margin, field.name, sample(field));
  }
  if (out.empty()) {
    return fmt::format("{}{}: {{}}\n", margin, name);
  }
  return fmt::format("{}{}:\n{}", margin, name, out);
}

}  // namespace penstock::config
