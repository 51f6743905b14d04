#include "config/substitute.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/core.h>

#include "config/scalars.h"

namespace penstock::config {

namespace {

constexpr int kNestingMax = 16;
constexpr size_t kValueBytesMax = size_t{1} << 20;
constexpr size_t kTotalBytesMax = size_t{8} << 20;  // of all substituted scalars of a file

bool is_name(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) {
    return false;
  }
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// The end of the ${…} whose body begins at `at`: the index of its brace, or npos.
size_t closing_brace(std::string_view text, size_t at) {
  size_t depth = 1;
  for (size_t i = at; i < text.size(); ++i) {
    if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && --depth == 0) {
      return i;
    }
  }
  return std::string_view::npos;
}

// The first ':' of a body that is not inside a nested ${…}; npos without one.
size_t first_colon(std::string_view body) {
  size_t depth = 0;
  for (size_t i = 0; i < body.size(); ++i) {
    if (body[i] == '{') {
      ++depth;
    } else if (body[i] == '}' && depth > 0) {
      --depth;
    } else if (body[i] == ':' && depth == 0) {
      return i;
    }
  }
  return std::string_view::npos;
}

class Substitution {
 public:
  Substitution(Files& files, const LoadOptions& options, Problems& problems)
      : files_(files), options_(options), problems_(problems) {}

  // `disabled`: nothing is needed; what is not set or secret is withheld, not an error.
  void scalar(Node& node, bool disabled) {
    if (node.scalar.find("${") == std::string::npos) {
      return;
    }
    mark_ = &node.mark;
    disabled_ = disabled;
    withheld_ = false;
    substituted_ = false;
    std::string out;
    if (!expand(node.scalar, {.needed = true, .nesting = 0}, out)) {
      node.withheld = true;  // reported; what reads the node has nothing to add
      node.substituted = true;
      return;
    }
    total_ += out.size();
    if (total_ > kTotalBytesMax) {
      problem(fmt::format("all values together have more than {} bytes", kTotalBytesMax));
      out.clear();
    }
    node.unread = node.scalar.find("${file:") == std::string::npos ? "" : std::move(node.scalar);
    node.scalar = std::move(out);
    node.substituted = substituted_;
    node.withheld = withheld_;
  }

 private:
  struct Scope {
    bool needed;  // false: only the form is checked, as in a default that is not used
    int nesting;
  };

  bool problem(const std::string& what) {
    problems_.add(*mark_, what);
    return false;
  }

  bool expand(std::string_view text, Scope scope, std::string& out) {
    if (scope.nesting > kNestingMax) {
      return problem(fmt::format("${{…}} nested deeper than {}", kNestingMax));
    }
    size_t at = 0;
    while (at < text.size()) {
      const size_t dollar = text.find("${", at);
      if (dollar == std::string_view::npos) {
        out += text.substr(at);
        break;
      }
      if (dollar > at && text[dollar - 1] == '$') {  // $${ is a literal ${
        out += text.substr(at, dollar - at - 1);
        out += "${";
        at = dollar + 2;
        continue;
      }
      out += text.substr(at, dollar - at);
      const size_t close = closing_brace(text, dollar + 2);
      if (close == std::string_view::npos) {
        return problem("`${` without its `}`; a literal one is written `$${`");
      }
      if (!one(text.substr(dollar + 2, close - dollar - 2), scope, out)) {
        return false;
      }
      at = close + 1;
      if (out.size() > kValueBytesMax) {
        return problem(fmt::format("the value has more than {} bytes", kValueBytesMax));
      }
    }
    return true;
  }

  // The body of one ${…}.
  bool one(std::string_view body, Scope scope, std::string& out) {
    substituted_ = substituted_ || scope.needed;
    const size_t colon = first_colon(body);
    const std::string_view head = body.substr(0, colon);
    if (colon == std::string_view::npos) {
      return variable(head, ' ', "", scope, out);
    }
    const char operation = colon + 1 < body.size() ? body[colon + 1] : '\0';
    if (operation == '-' || operation == '+' || operation == '?') {
      return variable(head, operation, body.substr(colon + 2), scope, out);
    }
    return store(head, body.substr(colon + 1), scope, out);
  }

  bool variable(std::string_view head, char operation, std::string_view rest, Scope scope,
                std::string& out) {
    const Scope inner{scope.needed, scope.nesting + 1};
    std::string name;
    if (!expand(head, inner, name)) {
      return false;
    }
    if (scope.needed && !is_name(name)) {
      return problem(fmt::format("{} is no name of an environment variable",
                                 head == name ? quote(name) : std::string("what `${…}` names")));
    }
    const std::optional<std::string> value =
        scope.needed && options_.environment ? options_.environment(name) : std::nullopt;
    const bool set = value && !value->empty();
    switch (operation) {
      case '-':
        return expand_if(!set, rest, inner, out) && append_if(set, value, out);
      case '+':
        return expand_if(set, rest, inner, out);
      case '?':
        if (set || !scope.needed) {
          return append_if(set, value, out);
        }
        return missing(name, rest, inner);
      default:
        if (value || !scope.needed) {
          return append_if(value.has_value(), value, out);
        }
        return missing(name, "", inner);
    }
  }

  bool expand_if(bool wanted, std::string_view text, Scope scope, std::string& out) {
    std::string value;
    if (!expand(text, {.needed = scope.needed && wanted, .nesting = scope.nesting}, value)) {
      return false;
    }
    if (scope.needed && wanted) {
      out += value;
    }
    return true;
  }

  static bool append_if(bool wanted, const std::optional<std::string>& value, std::string& out) {
    if (wanted) {
      out += *value;
    }
    return true;
  }

  bool missing(const std::string& name, std::string_view message, Scope scope) {
    if (disabled_) {
      withheld_ = true;
      return true;
    }
    std::string text;
    if (!expand(message, scope, text)) {
      return false;
    }
    if (text.empty()) {
      return problem(fmt::format(
          "the environment variable `{0}` is not set; set it or write `${{{0}:-default}}`", name));
    }
    return problem(fmt::format("the environment variable `{}` is not set: {}", name, text));
  }

  bool store(std::string_view head, std::string_view rest, Scope scope, std::string& out) {
    constexpr std::array<std::string_view, 2> kLater = {"aws-secretsmanager", "aws-ssm"};
    const bool later = std::find(kLater.begin(), kLater.end(), head) != kLater.end();
    if (head != "file" && !later) {
      return problem(
          fmt::format("unknown `${{{}:…}}`; known: ${{NAME}}, ${{NAME:-default}}, "
                      "${{NAME:+value}}, ${{NAME:?message}}, ${{file:/path}}",
                      head));
    }
    std::string path;
    if (!expand(rest, {.needed = scope.needed, .nesting = scope.nesting + 1}, path)) {
      return false;
    }
    if (!scope.needed) {
      return true;
    }
    if (disabled_) {
      withheld_ = true;
      return true;
    }
    if (later) {
      return problem(
          fmt::format("`${{{}:…}}` is not in this build; use ${{file:/path}} or the "
                      "environment",
                      head));
    }
    if (!options_.read_secrets) {
      withheld_ = true;
      return true;
    }
    return file(path, out);
  }

  bool file(const std::string& path, std::string& out) {
    auto opened = files_.open(path, OpenMode::read);
    if (!opened) {
      return problem(fmt::format("`${{file:…}}`: {}", opened.error().what));
    }
    std::string text(kSecretBytesMax + 1, '\0');
    const auto size = (*opened)->read(0, text);
    if (!size) {
      return problem(fmt::format("`${{file:…}}`: {}", size.error().what));
    }
    if (*size > kSecretBytesMax) {
      return problem(fmt::format("`${{file:{}}}` has more than {} bytes", path, kSecretBytesMax));
    }
    text.resize(*size);
    if (text.find('\0') != std::string::npos) {
      return problem(fmt::format("`${{file:{}}}` holds a NUL byte", path));
    }
    if (text.ends_with('\n')) {
      text.pop_back();
      if (text.ends_with('\r')) {
        text.pop_back();
      }
    }
    out += text;
    return true;
  }

  Files& files_;
  const LoadOptions& options_;
  Problems& problems_;
  size_t total_ = 0;
  // Of the scalar at work:
  const Mark* mark_ = nullptr;
  bool disabled_ = false;
  bool withheld_ = false;
  bool substituted_ = false;
};

// The depth of a file is bounded (kDepthMax), so this may call itself.
void walk(Node& node, Substitution& substitution, bool disabled) {
  switch (node.kind) {
    case Node::Kind::null:
      return;
    case Node::Kind::scalar:
      substitution.scalar(node, disabled);
      return;
    case Node::Kind::sequence:
      for (Node& item : node.items) {
        walk(item, substitution, disabled);
      }
      return;
    case Node::Kind::map:
      for (auto& [key, value] : node.entries) {
        walk(value, substitution, disabled);
      }
      return;
  }
}

// A source, sink, checkpoint …: `enabled` decides whether the rest needs its values.
void component(Node& node, Substitution& substitution) {
  if (node.kind != Node::Kind::map) {
    walk(node, substitution, false);
    return;
  }
  bool disabled = false;
  for (auto& [key, value] : node.entries) {
    if (key == "enabled") {
      walk(value, substitution, false);
      disabled = value.is_empty() || (value.kind == Node::Kind::scalar && !value.withheld &&
                                      parse_bool(value.scalar) == false);
    }
  }
  for (auto& [key, value] : node.entries) {
    if (key != "enabled") {
      walk(value, substitution, disabled);
    }
  }
}

}  // namespace

void substitute(Node& root, Files& files, const LoadOptions& options, Problems& problems) {
  Substitution substitution(files, options, problems);
  if (root.kind != Node::Kind::map) {
    walk(root, substitution, false);
    return;
  }
  for (auto& [key, value] : root.entries) {
    const bool one = key == "source" || key == "checkpoint" || key == "dead_letter";
    const bool list = key == "sinks" || key == "alerts" || key == "transforms";
    if (one) {
      component(value, substitution);
    } else if (list && value.kind == Node::Kind::sequence) {
      for (Node& item : value.items) {
        component(item, substitution);
      }
    } else {
      walk(value, substitution, false);
    }
  }
}

bool has_file_values(const Node& node) {
  return !node.unread.empty() ||
         std::any_of(node.items.begin(), node.items.end(), has_file_values) ||
         std::any_of(node.entries.begin(), node.entries.end(),
                     [](const auto& entry) { return has_file_values(entry.second); });
}

Result<bool> read_again(Node& node, Files& files, const LoadOptions& options) {
  bool has_changed = false;
  if (!node.unread.empty()) {
    Problems problems;
    const std::string before = std::exchange(node.scalar, node.unread);
    Substitution(files, options, problems).scalar(node, false);
    TRY(problems.result());
    has_changed = node.scalar != before;
  }
  for (Node& item : node.items) {
    TRY(const bool has_item_changed, read_again(item, files, options));
    has_changed = has_changed || has_item_changed;
  }
  for (auto& [key, value] : node.entries) {
    TRY(const bool has_value_changed, read_again(value, files, options));
    has_changed = has_changed || has_value_changed;
  }
  return has_changed;
}

}  // namespace penstock::config
