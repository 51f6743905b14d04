#include "cli/position_text.h"

#include "base/format.h"
#include "base/number.h"

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
    const bool escaped = text.size() >= 4 && text[1] == 'x';
    const std::optional<uint8_t> byte =
        escaped ? number_from<uint8_t>(text.substr(2, 2), 16) : std::nullopt;
    if (!byte) {
      return std::nullopt;
    }
    out += static_cast<char>(*byte);
    text.remove_prefix(4);
  }
  return out;
}

}  // namespace penstock::cli
