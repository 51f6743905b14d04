// SHA-256, where bytes are named by a hash and the name must be the same in every process: on disk
// and on wires. Nobody can make two texts with one name. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace penstock {

std::array<uint8_t, 32> sha256(std::string_view bytes);
std::string sha256_hex(std::string_view bytes);  // 64 small hexadecimal digits

}  // namespace penstock
