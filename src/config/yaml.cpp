#include "config/yaml.h"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <sstream>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/check.h"
#include "base/utf8.h"
#include "config/load.h"
#include "config/problems.h"

namespace penstock::config {

namespace {

// yaml-cpp lets bytes pass that are no text, so they are refused before it sees them.
Result<> check_text(std::string_view text, const std::string& name) {
  Mark mark{name, 1, 1};
  for (size_t i = 0; i < text.size();) {
    const size_t length = utf8_length(text.substr(i));
    const auto byte = static_cast<unsigned char>(text[i]);
    if (length == 0) {
      return fatal(fmt::format("{}: byte 0x{:02x} is not UTF-8; save the file as UTF-8",
                               to_string(mark), byte));
    }
    if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f) {
      return fatal(fmt::format("{}: control byte 0x{:02x}; a configuration holds text only",
                               to_string(mark), byte));
    }
    if (byte == '\n') {
      ++mark.line;
      mark.column = 1;
    } else {
      ++mark.column;
    }
    i += length;
  }
  return {};
}

// Builds the tree with a stack of its own. After a problem with the structure it only listens.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string name, Problems& problems) : name_(std::move(name)), problems_(problems) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.mark = place(mark);
    if (!usable(mark, "", anchor)) {
      return;
    }
    if (expects_key()) {
      stop(node.mark, "an empty key");
      return;
    }
    put(std::move(node));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    stop(place(mark),
         "aliases (`*name`) are not allowed; put a text that begins with `*` into quotes");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (!usable(mark, tag, anchor)) {
      return;
    }
    if (expects_key()) {
      take_key(place(mark), value);
      return;
    }
    Node node;
    node.kind = Node::Kind::scalar;
    node.scalar = value;
    node.quoted = tag == "!";
    node.mark = place(mark);
    put(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(mark, tag, anchor, Node::Kind::sequence);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(mark, tag, anchor, Node::Kind::map);
  }
  void OnMapEnd() override { end(); }

  Node take_root() { return root_ ? *std::move(root_) : Node{}; }

 private:
  struct Frame {
    Node node;
    std::optional<std::string> key;  // of a map: seen, its value not yet
    Mark key_mark;
    std::unordered_set<std::string> seen;  // the keys of a map
  };

  Mark place(const YAML::Mark& mark) const { return {name_, mark.line + 1, mark.column + 1}; }
  bool expects_key() const {
    return !open_.empty() && open_.back().node.kind == Node::Kind::map && !open_.back().key;
  }
  void stop(const Mark& mark, std::string_view what) {
    if (!stopped_) {
      problems_.add(mark, what);
      stopped_ = true;
    }
  }
  bool usable(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (stopped_) {
      return false;
    }
    if (++nodes_ > kNodesMax) {
      stop(place(mark), fmt::format("more than {} values", kNodesMax));
      return false;
    }
    if (anchor != 0) {
      stop(place(mark), "anchors (`&name`) are not allowed");
      return false;
    }
    if (!tag.empty() && tag != "?" && tag != "!") {
      stop(place(mark), fmt::format("tags ({}) are not allowed", quote(tag)));
      return false;
    }
    return true;
  }
  void take_key(const Mark& mark, const std::string& key) {
    if (key.empty()) {
      stop(mark, "an empty key");
      return;
    }
    if (!open_.back().seen.insert(key).second) {
      problems_.add(mark, fmt::format("the key {} stands here twice", quote(key)));
    }
    open_.back().key = key;
    open_.back().key_mark = mark;
  }
  void begin(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
             Node::Kind kind) {
    if (!usable(mark, tag, anchor)) {
      return;
    }
    if (expects_key()) {
      stop(place(mark), "a key must be a text, not a list or a map; put `{…}` into quotes");
      return;
    }
    if (open_.size() >= static_cast<size_t>(kDepthMax)) {
      stop(place(mark), fmt::format("nested deeper than {} levels", kDepthMax));
      return;
    }
    Frame frame;
    frame.node.kind = kind;
    frame.node.mark = place(mark);
    open_.push_back(std::move(frame));
  }
  void end() {
    if (stopped_) {
      return;
    }
    CHECK(!open_.empty());
    Node node = std::move(open_.back().node);
    open_.pop_back();
    put(std::move(node));
  }
  void put(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = open_.back();
    if (frame.node.kind == Node::Kind::sequence) {
      frame.node.items.push_back(std::move(node));
      return;
    }
    node.key_mark = frame.key_mark;
    frame.node.entries.emplace_back(*std::move(frame.key), std::move(node));
    frame.key.reset();
  }

  std::string name_;
  Problems& problems_;
  std::vector<Frame> open_;
  std::optional<Node> root_;
  size_t nodes_ = 0;
  bool stopped_ = false;
};

// Whether the line, or the one before it, is indented by a tab, which YAML forbids.
bool tab_indents(std::string_view text, int line) {
  for (int at = 0; at <= line && !text.empty(); ++at) {
    const std::string_view blanks = text.substr(0, text.find_first_not_of(" \t"));
    if (at >= line - 1 && blanks.find('\t') != std::string_view::npos) {
      return true;
    }
    text.remove_prefix(std::min(text.size(), text.find('\n')));
    text.remove_prefix(text.empty() ? 0 : 1);
  }
  return false;
}

}  // namespace

Result<Node> parse_yaml(std::string_view text, const std::string& name) {
  if (text.size() > kFileBytesMax) {
    return fatal(fmt::format("{}:1:1: {} bytes; a configuration has at most {}", name, text.size(),
                             kFileBytesMax));
  }
  TRY(check_text(text, name));
  Problems problems;
  TreeBuilder builder(name, problems);
  try {
    // The end of the document is marked, because yaml-cpp takes an open quote at the end of a file.
    std::istringstream stream{std::string(text) + (text.ends_with('\n') ? "...\n" : "\n...\n")};
    YAML::Parser parser(stream);
    if (parser.HandleNextDocument(builder) && problems.empty()) {
      TreeBuilder second(name, problems);
      if (parser.HandleNextDocument(second)) {
        problems.add({name, 1, 1}, "more than one document (`---`); one file is one pipeline");
      }
    }
  } catch (const YAML::DeepRecursion&) {
    return fatal(fmt::format("{}:1:1: nested deeper than {} levels", name, kDepthMax));
  } catch (const YAML::Exception& error) {
    const Mark mark{name, error.mark.is_null() ? 1 : error.mark.line + 1,
                    error.mark.is_null() ? 1 : error.mark.column + 1};
    // Only the mark of the end that was added can be met inside of a quote in the last line.
    const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
    const bool open = error.msg == YAML::ErrorMsg::DOC_IN_SCALAR && error.mark.line >= lines;
    problems.add(mark, open ? "this is not YAML: a quote before this place is not closed"
                            : fmt::format("this is not YAML: {}{}", error.msg,
                                          tab_indents(text, error.mark.line)
                                              ? "; a tab indents here: YAML takes blanks only"
                                              : ""));
  } catch (const std::exception& error) {
    problems.add({name, 1, 1}, fmt::format("this is not YAML: {}", error.what()));
  }
  TRY(problems.result());
  return builder.take_root();
}

}  // namespace penstock::config
