#include "connectors/files/file_position.h"

#include <fmt/core.h>

#include <array>
#include <cstring>

#include "base/sha256.h"
#include "core/order.h"
#include "core/position.h"

namespace penstock::files {

namespace {

constexpr uint32_t kVersion = 3;
constexpr uint32_t kVersionOfOldHead = 2;
constexpr uint32_t kVersionWithoutTime = 1;
constexpr char kSeparator = ' ';

std::unexpected<Error> lost(const std::string& path, std::string_view why) {
  return fail(Error::Kind::lost_position,
              fmt::format("files {}: {}; the saved position does not belong to it", path, why));
}

using Bytes = std::array<char, FilePosition::kHeadMax>;

// A view into `bytes`.
Result<std::string_view> read_head(File& file, uint64_t size, Bytes& bytes) {
  TRY(const size_t got, file.read(0, {bytes.data(), static_cast<size_t>(size)}));
  return std::string_view(bytes.data(), got);
}

FilePosition::Head head_of(std::string_view bytes) {
  const std::array<uint8_t, 32> digest = sha256(bytes);
  FilePosition::Head head;
  std::memcpy(&head, digest.data(), sizeof head);
  return head;
}

}  // namespace

std::string encode(const FilePosition& position) {
  PositionWriter writer(position.is_old ? kVersionOfOldHead : kVersion, kSeparator);
  for (const uint64_t value :
       {position.offset, position.device, position.inode, position.head_size, position.head.high,
        position.head.low, position.generation, static_cast<uint64_t>(position.made.micros)}) {
    writer.hex(value);
  }
  return writer.finish();
}

std::optional<FilePosition> decode_position(std::string_view bytes, const FileInfo& file) {
  PositionReader reader(bytes, kSeparator);
  FilePosition position;
  position.offset = reader.hex();
  position.device = reader.hex();
  position.inode = reader.hex();
  position.head_size = reader.hex();
  position.head.high = reader.hex();
  position.head.low = reader.hex();
  position.generation = reader.hex();
  position.made = reader.version() == kVersionWithoutTime
                      ? file.made
                      : Timestamp{static_cast<int64_t>(reader.hex())};
  position.is_old = reader.version() < kVersion;
  const bool known = reader.version() >= kVersionWithoutTime && reader.version() <= kVersion;
  if (!known || !reader.complete() || position.head_size > FilePosition::kHeadMax) {
    return std::nullopt;
  }
  return position;
}

std::optional<Position> position_at(FilePosition end, std::string_view order) {
  const std::optional<Order> line = read_order(order);
  if (!line || line->generation != end.generation || line->place > end.offset) {
    return std::nullopt;
  }
  end.offset = line->place;
  return encode(end);
}

Result<FilePosition::Head> hash_head(File& file, uint64_t size) {
  Bytes bytes;
  TRY(const std::string_view head, read_head(file, size, bytes));
  return head_of(head);
}

Result<> check_identity(File& file, const std::string& path, FilePosition& position) {
  TRY(const FileInfo info, file.info());
  if (info.device != position.device || info.inode != position.inode) {
    return lost(path, "another file has its name now");
  }
  if (info.size < position.head_size) {
    return lost(path, "the file was cut");
  }
  Bytes bytes;
  TRY(const std::string_view head, read_head(file, position.head_size, bytes));
  if (position.head != (position.is_old ? hash128(head) : head_of(head))) {
    return lost(path, "the file was written anew");
  }
  position.head = head_of(head);
  position.is_old = false;
  return {};
}

}  // namespace penstock::files
