#include "base/file_name.h"

#include <fmt/core.h>

#include "base/hash.h"
#include "base/sha256.h"

namespace penstock {

namespace {

constexpr size_t kLengthMax = 150;
constexpr size_t kHashDigits = 32;  // with what stands around it a name has at most 255 bytes

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

std::string encoded(std::string_view text) {
  std::string name;
  for (const char c : text) {
    if (is_plain(c) || (c == '.' && !name.empty())) {
      name.push_back(c);
    } else {
      name += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return name.empty() ? "%" : name;
}

}  // namespace

std::string file_name_of(std::string_view text) {
  std::string name = encoded(text);
  if (name.size() > kLengthMax) {
    name.resize(kLengthMax);
    name += "%~" + sha256_hex(text).substr(0, kHashDigits);
  }
  return name;
}

std::string file_name_of_version_1(std::string_view text) {
  std::string name = encoded(text);
  if (name.size() > kLengthMax) {
    const Hash128 hash = hash128(text);
    name.resize(kLengthMax);
    name += fmt::format("%~{:016x}{:016x}", hash.high, hash.low);
  }
  return name;
}

}  // namespace penstock
