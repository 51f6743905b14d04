#include "base/base64.h"

#include <array>
#include <cstring>

namespace penstock {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint32_t kBad = 0x01000000;  // no place in a group of three bytes reaches this bit
using Table = std::array<uint32_t, 256>;

// What a character gives at its place in a group, already where it belongs in the three bytes as
// they lie in memory: a group is four look-ups and one store.
constexpr Table table_for(int place) {
  Table table{};
  for (uint32_t& entry : table) {
    entry = kBad;
  }
  for (uint32_t value = 0; value < 64; ++value) {
    const uint32_t bits = value << (18 - 6 * place);
    const uint32_t swapped = bits >> 16 | (bits & 0xff00) | (bits & 0xff) << 16;
    table[static_cast<uint8_t>(kAlphabet[value])] = swapped;
  }
  return table;
}
constexpr std::array<Table, 4> kTables = {table_for(0), table_for(1), table_for(2), table_for(3)};

uint32_t group_of(const char* text) {
  const auto at = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  return kTables[0][at(0)] | kTables[1][at(1)] | kTables[2][at(2)] | kTables[3][at(3)];
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

std::optional<size_t> read_base64(std::string_view text, char* out, Base64Tail tail) {
  if (text.size() % 4 != 0) {
    return std::nullopt;
  }
  if (text.empty()) {
    return 0;
  }
  const char* at = text.data();
  const char* const last = at + text.size() - 4;
  char* to = out;
  uint32_t bad = 0;
  for (; at != last; at += 4, to += 3) {
    const uint32_t bytes = group_of(at);
    bad |= bytes;
    std::memcpy(to, &bytes, 4);  // the fourth is written over: a group follows, of a byte at least
  }
  const size_t padding = last[3] != '=' ? 0 : last[2] != '=' ? 1 : 2;
  const char digits[4] = {last[0], last[1], padding == 2 ? 'A' : last[2],
                          padding >= 1 ? 'A' : last[3]};
  const uint32_t bytes = group_of(digits);
  bad |= bytes;
  if ((bad & kBad) != 0) {
    return std::nullopt;
  }
  std::memcpy(to, &bytes, 3 - padding);
  const uint32_t unused = padding == 2 ? bytes >> 8 : padding == 1 ? bytes >> 16 : 0;
  if (unused != 0 && tail == Base64Tail::zero) {
    return std::nullopt;
  }
  return static_cast<size_t>(to - out) + 3 - padding;
}

void append_base64(std::string_view bytes, std::string& out) {
  const size_t used = out.size();
  out.resize(used + base64_size(bytes.size()));
  write_base64(bytes, out.data() + used);
}

Result<std::string_view> decode_base64(std::string_view text, Arena& arena) {
  char* const out = arena.allocate(base64_bytes_max(text.size()));
  const auto size = read_base64(text, out);
  if (!size) {
    arena.shrink_last(out, 0);
    return rejected("the text is no base64 (standard alphabet, with padding)");
  }
  return std::string_view(out, *size);
}

}  // namespace penstock
