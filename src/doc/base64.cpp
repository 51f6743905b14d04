#include "doc/base64.h"

#include <array>
#include <cstdint>

#include "doc/json.h"

namespace penstock::doc {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kNone = 0xFF;

constexpr auto kValues = [] {
  std::array<uint8_t, 256> values{};
  values.fill(kNone);
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<uint8_t>(kAlphabet[i])] = static_cast<uint8_t>(i);
  }
  return values;
}();

uint32_t value_of(char c) {
  return kValues[static_cast<uint8_t>(c)];
}

}  // namespace

char* write_base64(std::string_view bytes, char* out) {
  const auto byte = [&](size_t i) { return uint32_t{static_cast<uint8_t>(bytes[i])}; };
  size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const uint32_t group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    out[0] = kAlphabet[group >> 18];
    out[1] = kAlphabet[group >> 12 & 63];
    out[2] = kAlphabet[group >> 6 & 63];
    out[3] = kAlphabet[group & 63];
    out += 4;
  }
  const size_t left = bytes.size() - i;
  if (left != 0) {
    const uint32_t group = byte(i) << 16 | (left == 2 ? byte(i + 1) << 8 : 0);
    out[0] = kAlphabet[group >> 18];
    out[1] = kAlphabet[group >> 12 & 63];
    out[2] = left == 2 ? kAlphabet[group >> 6 & 63] : '=';
    out[3] = '=';
    out += 4;
  }
  return out;
}

std::optional<size_t> read_base64(std::string_view text, char* out) {
  if (text.size() % 4 != 0) {
    return std::nullopt;
  }
  if (text.empty()) {
    return 0;
  }
  const size_t padding = !text.ends_with('=') ? 0 : (text[text.size() - 2] == '=' ? 2 : 1);
  const char* const first = out;
  const size_t whole = padding == 0 ? text.size() : text.size() - 4;
  uint32_t wrong = 0;  // a bit above 63 from any character that is no digit
  for (size_t i = 0; i < whole; i += 4) {
    const uint32_t a = value_of(text[i]);
    const uint32_t b = value_of(text[i + 1]);
    const uint32_t c = value_of(text[i + 2]);
    const uint32_t d = value_of(text[i + 3]);
    wrong |= a | b | c | d;
    const uint32_t group = a << 18 | b << 12 | c << 6 | d;
    *out++ = static_cast<char>(group >> 16);
    *out++ = static_cast<char>(group >> 8);
    *out++ = static_cast<char>(group);
  }
  if (padding != 0) {
    const uint32_t a = value_of(text[whole]);
    const uint32_t b = value_of(text[whole + 1]);
    const uint32_t c = padding == 1 ? value_of(text[whole + 2]) : 0;
    wrong |= a | b | c;
    const uint32_t group = a << 18 | b << 12 | c << 6;
    *out++ = static_cast<char>(group >> 16);
    if (padding == 1) {
      *out++ = static_cast<char>(group >> 8);
    }
  }
  if (wrong > 63) {
    return std::nullopt;
  }
  return static_cast<size_t>(out - first);
}

void append_base64(std::string_view bytes, std::string& out) {
  const size_t used = out.size();
  out.resize(used + base64_size(bytes.size()));
  write_base64(bytes, out.data() + used);
}

Result<std::string_view> decode_base64(std::string_view text, Arena& arena) {
  char* const out = arena.allocate(text.size() / 4 * 3);
  const auto size = read_base64(text, out);
  if (!size) {
    arena.shrink_last(out, 0);
    return rejected("the text is no base64 (standard alphabet, with padding)");
  }
  return std::string_view(out, *size);
}

}  // namespace penstock::doc
