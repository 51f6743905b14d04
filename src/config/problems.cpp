#include "config/problems.h"

#include <algorithm>

#include <fmt/core.h>

namespace penstock::config {

std::string to_string(const Mark& mark) {
  return fmt::format("{}:{}:{}", mark.file, mark.line, mark.column);
}

void Problems::add(const Mark& mark, std::string_view what) {
  add_lines(fmt::format("{}: {}", to_string(mark), what));
}

void Problems::add_lines(const std::string& lines) {
  if (lines_.size() >= kMost) {
    more_ = true;
    return;
  }
  if (std::find(lines_.begin(), lines_.end(), lines) == lines_.end()) {
    lines_.push_back(lines);
  }
}

Result<> Problems::result() const {
  if (lines_.empty()) {
    return {};
  }
  std::string text;
  for (const std::string& line : lines_) {
    if (!text.empty()) {
      text += '\n';
    }
    text += line;
  }
  if (more_) {
    text += "\nand more; mend these first";
  }
  return fatal(std::move(text));
}

std::string quote(std::string_view text) {
  constexpr size_t kShown = 80;
  std::string out = "`";
  size_t size = std::min(text.size(), kShown);
  while (size > 0 && size < text.size() &&
         (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) {
    --size;  // not inside a character
  }
  for (const char c : text.substr(0, size)) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  out += size < text.size() ? "…`" : "`";
  return out;
}

}  // namespace penstock::config
