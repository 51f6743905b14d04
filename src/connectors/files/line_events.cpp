#include "connectors/files/line_events.h"

#include <fmt/core.h>

#include <array>
#include <cstring>

#include "base/bytes.h"
#include "base/digits.h"
#include "base/sha256.h"
#include "core/order.h"

namespace penstock::files {

namespace {

constexpr size_t kGenerationBytes = 1024;

// Tells the contents that one name had one after the other apart, and stays the same when the file
// is read again without a position. The time is there because a new file may get the inode of a
// deleted one. SHA-256, because others write the line: contents that they make would count as
// written already.
uint64_t generation_of(std::string_view first_line, const FilePosition& position) {
  std::string bytes;
  ByteWriter<uint64_t> to(bytes);
  to.number(position.device);
  to.number(position.inode);
  to.number(position.made.micros);
  to.bytes(first_line.substr(0, kGenerationBytes));
  const std::array<uint8_t, 32> digest = sha256(bytes);
  uint64_t generation = 0;
  std::memcpy(&generation, digest.data(), sizeof generation);
  return generation == 0 ? 1 : generation;
}

}  // namespace

void LineEvents::begin(EventBlock& block, Timestamp at) {
  block_ = &block;
  stream_ = block.arena.copy(path_);
  at_ = at;
}

void LineEvents::take(uint64_t generation) {
  std::array<char, kTagSize> tag;
  write_tag(generation, tag.data());
  id_prefix_.resize(part_size_);
  id_prefix_.append(tag.data(), tag.size()) += '/';
  generation_ = generation;
}

void LineEvents::add(std::string_view line, uint64_t offset, FilePosition& position) {
  if (position.generation == 0) {
    position.generation = generation_of(line, position);
  }
  if (position.generation != generation_) {
    take(position.generation);
  }
  char* const place =
      block_->arena.allocate(kOrderSize + id_prefix_.size() + kDigitsMax + kDigitsSlack);
  char* const id = place + kOrderSize;
  std::memcpy(id, id_prefix_.data(), id_prefix_.size());
  const char* const end = write_uint64(offset, id + id_prefix_.size());
  Event& event = block_->events.emplace_back();
  event.order = write_order({.generation = position.generation, .place = offset}, place);
  event.id = {id, static_cast<size_t>(end - id)};
  event.stream = stream_;
  event.has_raw = true;
  event.raw = line;
  event.at = at_;
}

void LineEvents::reject(std::string_view kept, uint64_t offset, std::string why,
                        FilePosition& position) {
  const auto index = static_cast<uint32_t>(block_->events.size());
  add(kept, offset, position);
  block_->rejections.push_back(
      {index, Error{Error::Kind::rejected,
                    fmt::format("files {}: {}, at byte {}", path_, why, offset), std::nullopt}});
}

}  // namespace penstock::files
