// The lines of a text as a source of lines should give them, and as it gave them, for the fuzz
// targets of such sources. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/check.h"
#include "core/event.h"

namespace penstock {

inline void append_test_line(std::string_view line, bool is_rejected, std::string& lines) {
  lines.append(is_rejected ? "rejected " : "line ").append(line).append("\n");
}

// Of a line that is too long, the first line_max bytes.
inline std::string lines_of(std::string_view text, size_t line_max) {
  std::string lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    append_test_line(line.substr(0, line_max), line.size() > line_max, lines);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

// Of a rejected event, the first kept_max bytes.
inline void append_lines(const EventBlock& block, size_t kept_max, std::string& lines) {
  size_t rejected = 0;
  for (size_t i = 0; i < block.events.size(); ++i) {
    const bool is_rejected =
        rejected < block.rejections.size() && block.rejections[rejected].index == i;
    rejected += is_rejected ? 1 : 0;
    const std::string_view raw = block.events[i].raw;
    append_test_line(is_rejected ? raw.substr(0, kept_max) : raw, is_rejected, lines);
  }
  CHECK(rejected == block.rejections.size());
}

}  // namespace penstock
