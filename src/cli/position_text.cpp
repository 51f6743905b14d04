#include "cli/position_text.h"

#include <charconv>

#include "base/format.h"

namespace penstock::cli {

std::string to_text(std::string_view position) {
  std::string out;
  for (const char c : position) {
    if (c >= 0x20 && c < 0x7f && c != '\\') {
      out += c;
    } else {
      append_format(out, "\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::optional<std::string> position_from(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text.front() != '\\') {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    uint8_t byte = 0;
    if (text.size() < 4 || text[1] != 'x' ||
        std::from_chars(text.data() + 2, text.data() + 4, byte, 16).ptr != text.data() + 4) {
      return std::nullopt;
    }
    out += static_cast<char>(byte);
    text.remove_prefix(4);
  }
  return out;
}

}  // namespace penstock::cli
