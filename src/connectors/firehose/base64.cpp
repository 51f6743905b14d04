#include "connectors/firehose/base64.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace penstock::firehose {
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

uint32_t group(const char* text) {
  const auto at = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  return kTables[0][at(0)] | kTables[1][at(1)] | kTables[2][at(2)] | kTables[3][at(3)];
}

}  // namespace

std::optional<size_t> decode_base64(std::string_view text, char* into) {
  if (text.size() % 4 != 0) {
    return std::nullopt;
  }
  if (text.empty()) {
    return 0;
  }
  const char* at = text.data();
  const char* const last = at + text.size() - 4;
  char* to = into;
  uint32_t bad = 0;
  for (; at != last; at += 4, to += 3) {
    const uint32_t bytes = group(at);
    bad |= bytes;
    std::memcpy(to, &bytes, 4);  // the fourth byte is written over, and there is room for it
  }
  const size_t padding = last[3] != '=' ? 0 : last[2] != '=' ? 1 : 2;
  const char tail[4] = {last[0], last[1], padding == 2 ? 'A' : last[2],
                        padding >= 1 ? 'A' : last[3]};
  const uint32_t bytes = group(tail);
  bad |= bytes;
  if ((bad & kBad) != 0) {
    return std::nullopt;
  }
  std::memcpy(to, &bytes, 3 - padding);
  // Bits behind the last byte that are not zero would vanish silently.
  const uint32_t unused = padding == 2 ? bytes >> 8 : padding == 1 ? bytes >> 16 : 0;
  if (unused != 0) {
    return std::nullopt;
  }
  return static_cast<size_t>(to - into) + 3 - padding;
}

}  // namespace penstock::firehose
