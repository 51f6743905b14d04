#include "connectors/files/glob.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

namespace penstock::files {

namespace {

constexpr size_t kDepthMax = 64;  // folders below each other, against loops of links

struct Pattern {
  std::string folder;                 // literal, before the first segment with a wildcard
  std::vector<std::string> segments;  // from there on
};

Pattern split(std::string_view text) {
  Pattern pattern;
  size_t start = 0;
  while (true) {
    const size_t slash = text.find('/', start);
    const std::string_view segment = text.substr(start, slash - start);
    if (slash == std::string_view::npos || is_glob(segment)) {
      break;
    }
    start = slash + 1;
  }
  pattern.folder = text.substr(0, start);
  while (start <= text.size()) {
    const size_t slash = std::min(text.find('/', start), text.size());
    pattern.segments.emplace_back(text.substr(start, slash - start));
    start = slash + 1;
  }
  return pattern;
}

// `[a-z]` or `[!a-z]` at the front of the pattern: does it take c, and where does it end?
struct Set {
  bool matches;
  size_t size;
};
std::optional<Set> match_set(std::string_view pattern, char c) {
  size_t at = 1;
  const bool negated = at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^');
  at += negated ? 1 : 0;
  bool found = false;
  for (bool first = true; at < pattern.size() && (first || pattern[at] != ']'); first = false) {
    if (at + 2 < pattern.size() && pattern[at + 1] == '-' && pattern[at + 2] != ']') {
      found = found || (pattern[at] <= c && c <= pattern[at + 2]);
      at += 3;
    } else {
      found = found || pattern[at] == c;
      ++at;
    }
  }
  if (at >= pattern.size()) {
    return std::nullopt;  // no end: an ordinary '['
  }
  return Set{found != negated, at + 1};
}

struct Step {  // a folder to look into, and the segment that its names have to match
  std::string folder;
  size_t segment;
  size_t depth;
};

}  // namespace

bool is_glob(std::string_view path) {
  return path.find_first_of("*?[") != std::string_view::npos;
}

bool name_matches(std::string_view pattern, std::string_view name) {
  if (name.starts_with('.') && !pattern.starts_with('.')) {
    return false;
  }
  size_t at = 0;
  size_t in_name = 0;
  size_t star = std::string_view::npos;  // the last '*': where to go on after a mismatch
  size_t star_name = 0;
  while (in_name < name.size()) {
    size_t width = 0;
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      star_name = in_name;
      continue;
    }
    if (at < pattern.size() && pattern[at] == '?') {
      width = 1;
    } else if (at < pattern.size() && pattern[at] == '[') {
      const auto set = match_set(pattern.substr(at), name[in_name]);
      const bool literal = !set && name[in_name] == '[';
      width = literal ? 1 : set && set->matches ? set->size : 0;
    } else if (at < pattern.size() && pattern[at] == name[in_name]) {
      width = 1;
    }
    if (width > 0) {
      at += width;
      ++in_name;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      in_name = ++star_name;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*') {
    ++at;
  }
  return at == pattern.size();
}

Result<std::vector<std::string>> expand(Files& files, std::string_view text, size_t most) {
  std::vector<std::string> found;
  if (!is_glob(text)) {
    TRY(const auto info, files.info(std::string(text)));
    if (info && !info->is_folder && !info->is_regular) {
      return fatal("files " + std::string(text) +
                   ": neither a file nor a folder; a pipe can be given to the stdin source");
    }
    if (info && info->is_regular) {
      found.emplace_back(text);
    }
    return found;
  }
  const Pattern pattern = split(text);
  std::vector<Step> steps = {{pattern.folder, 0, 0}};
  while (!steps.empty()) {
    const Step step = std::move(steps.back());
    steps.pop_back();
    const std::string& segment = pattern.segments[step.segment];
    const bool last = step.segment + 1 == pattern.segments.size();
    if (segment == "**" && !last) {
      steps.push_back({step.folder, step.segment + 1, step.depth});  // no folder between
    }
    TRY(const auto names, files.list(step.folder.empty() ? "." : step.folder));
    for (const std::string& name : names) {
      if (!name_matches(segment == "**" ? "*" : segment, name)) {
        continue;
      }
      const std::string path = step.folder + name;
      TRY(const auto info, files.info(path));
      if (!info) {
        continue;  // removed meanwhile
      }
      if (info->is_folder && step.depth < kDepthMax && (!last || segment == "**")) {
        steps.push_back(
            {path + "/", segment == "**" ? step.segment : step.segment + 1, step.depth + 1});
      } else if (info->is_regular && last) {  // a pipe or a device has no end to come back to
        found.push_back(path);
      }
    }
    if (found.size() > most || steps.size() > most) {
      return fatal(
          fmt::format("files {}: more than {} files; use a narrower pattern, or raise "
                      "files_max",
                      text, most));
    }
  }
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
  return found;
}

}  // namespace penstock::files
