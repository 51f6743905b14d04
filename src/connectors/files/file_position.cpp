#include "connectors/files/file_position.h"

#include <fmt/core.h>

#include <array>
#include <bit>
#include <charconv>
#include <cstring>

namespace penstock::files {

namespace {

constexpr std::string_view kVersion = "2 ";
constexpr std::string_view kVersionWithoutTime = "1 ";
constexpr size_t kNumbers = 8;

std::unexpected<Error> lost(const std::string& path, std::string_view why) {
  return fail(Error::Kind::lost_position,
              fmt::format("files {}: {}; the saved position does not belong to it", path, why));
}

}  // namespace

std::string encode(const FilePosition& position) {
  return fmt::format("{}{:x} {:x} {:x} {:x} {:x} {:x} {:x} {:x}", kVersion, position.offset,
                     position.device, position.inode, position.head_size, position.head.high,
                     position.head.low, position.generation,
                     static_cast<uint64_t>(position.made.micros));
}

std::optional<FilePosition> decode_position(std::string_view bytes, const FileInfo& file) {
  const bool has_time = bytes.starts_with(kVersion);
  if (!has_time && !bytes.starts_with(kVersionWithoutTime)) {
    return std::nullopt;
  }
  bytes.remove_prefix(kVersion.size());
  std::array<uint64_t, kNumbers> values = {};
  values.back() = static_cast<uint64_t>(file.made.micros);
  const size_t count = has_time ? kNumbers : kNumbers - 1;
  for (size_t i = 0; i < count; ++i) {
    const char* const end = bytes.data() + bytes.size();
    const auto [next, code] = std::from_chars(bytes.data(), end, values[i], 16);
    const bool last = i + 1 == count;
    if (code != std::errc{} || (last ? next != end : next == end || *next != ' ')) {
      return std::nullopt;
    }
    bytes.remove_prefix(static_cast<size_t>(next - bytes.data()) + (last ? 0 : 1));
  }
  FilePosition position{.offset = values[0],
                        .device = values[1],
                        .inode = values[2],
                        .head_size = values[3],
                        .head = {.low = values[5], .high = values[4]},
                        .generation = values[6],
                        .made = {static_cast<int64_t>(values[7])}};
  if (position.head_size > FilePosition::kHeadMax) {
    return std::nullopt;
  }
  return position;
}

std::optional<Position> position_at(FilePosition end, std::string_view order) {
  constexpr size_t kOrderBytes = 16;  // generation and offset, big-endian
  std::array<uint64_t, 2> parts{};
  if (order.size() < kOrderBytes) {
    return std::nullopt;
  }
  std::memcpy(parts.data(), order.data(), kOrderBytes);
  const uint64_t offset = std::byteswap(parts[1]);
  if (std::byteswap(parts[0]) != end.generation || offset > end.offset) {
    return std::nullopt;
  }
  end.offset = offset;
  return encode(end);
}

Result<Hash128> hash_head(File& file, uint64_t size) {
  std::array<char, FilePosition::kHeadMax> head;
  TRY(const size_t got, file.read(0, {head.data(), static_cast<size_t>(size)}));
  return hash128({head.data(), got});
}

Result<> check_identity(File& file, const std::string& path, const FilePosition& position) {
  TRY(const FileInfo info, file.info());
  if (info.device != position.device || info.inode != position.inode) {
    return lost(path, "another file has its name now");
  }
  if (info.size < position.head_size) {
    return lost(path, "the file was cut");
  }
  TRY(const Hash128 head, hash_head(file, position.head_size));
  if (head != position.head) {
    return lost(path, "the file was written anew");
  }
  return {};
}

}  // namespace penstock::files
