#include "doc/text_out.h"

namespace penstock::doc {

void TextOut::grow(size_t size) {
  const auto used = static_cast<size_t>(at_ - out_.data());
  resize(2 * used + size + kSlack);
  at_ = out_.data() + used;
}

// Needs six bytes of room, of which the slack has ten times as many.
void TextOut::put_escape(char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  reserve(6);
  switch (c) {
    case '"':
      put("\\\"");
      return;
    case '\\':
      put("\\\\");
      return;
    case '\n':
      put("\\n");
      return;
    case '\r':
      put("\\r");
      return;
    case '\t':
      put("\\t");
      return;
    default:
      put("\\u00");
      put(kHex[static_cast<uint8_t>(c) >> 4]);
      put(kHex[static_cast<uint8_t>(c) & 15]);
      return;
  }
}

void TextOut::put_escaped_slowly(const char* from, const char* end) {
  reserve(static_cast<size_t>(end - from));
  for (; from != end; ++from) {
    const auto c = static_cast<uint8_t>(*from);
    if (c < 0x20 || c == '"' || c == '\\') {
      put_escape(*from);
      reserve(static_cast<size_t>(end - from));
    } else {
      put(*from);
    }
  }
}

}  // namespace penstock::doc
