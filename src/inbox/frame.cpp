#include "inbox/frame.h"

#include <fmt/core.h>

#include <cstring>

#include "base/bytes.h"
#include "base/check.h"
#include "base/hash.h"

namespace penstock::inbox {
namespace {

constexpr uint64_t kSegmentMagic = 0x31474553'4b54534eULL;  // "NSTKSEG1"
constexpr uint64_t kStateMagic = 0x31545453'4b54534eULL;
constexpr uint64_t kFrameMagic = 0x314d5246'4b54534eULL;
constexpr size_t kLengthSize = sizeof(uint32_t);

// Segment header and state share a shape: magic, version, six numbers, hash of what is before.
std::string encode_block(uint64_t magic, const uint64_t (&numbers)[4]) {
  std::string out(64, '\0');
  store_number(out, 0, magic);
  store_number(out, 8, kVersion);
  for (size_t i = 0; i < 4; ++i) {
    store_number(out, 16 + 8 * i, numbers[i]);
  }
  store_number(out, 56, hash64(std::string_view(out).substr(0, 56)));
  return out;
}

Result<bool> decode_block(std::string_view bytes, uint64_t magic, const std::string& path,
                          uint64_t (&numbers)[4]) {
  if (bytes.size() < 64 || load_number<uint64_t>(bytes, 0) != magic) {
    return false;
  }
  if (const auto version = load_number<uint32_t>(bytes, 8); version > kVersion) {
    return fatal(
        fmt::format("inbox {}: format version {} is of a newer Penstock than this one, which knows "
                    "up to {}; start that one, or let it deliver what is inside",
                    path, version, kVersion));
  }
  if (load_number<uint64_t>(bytes, 56) != hash64(bytes.substr(0, 56))) {
    return false;
  }
  for (size_t i = 0; i < 4; ++i) {
    numbers[i] = load_number<uint64_t>(bytes, 16 + 8 * i);
  }
  return true;
}

// Offsets in a frame's head.
constexpr size_t kHash = 8;  // of all that follows it
constexpr size_t kSize = 16;
constexpr size_t kRecords = 20;
constexpr size_t kSequence = 24;
constexpr size_t kGroup = 32;
constexpr size_t kAt = 40;
constexpr size_t kStreamSize = 48;

}  // namespace

std::string SegmentHeader::encode() const {
  return encode_block(kSegmentMagic, {generation, sequence, salt, 0});
}

Result<std::optional<SegmentHeader>> SegmentHeader::decode(std::string_view bytes,
                                                           const std::string& path) {
  uint64_t numbers[4];
  TRY(const bool sound, decode_block(bytes, kSegmentMagic, path, numbers));
  if (!sound) {
    return std::nullopt;
  }
  return SegmentHeader{.generation = numbers[0], .sequence = numbers[1], .salt = numbers[2]};
}

std::string State::encode() const {
  return encode_block(kStateMagic, {counter, generation, committed_generation, committed_sequence});
}

Result<std::optional<State>> State::decode(std::string_view bytes, const std::string& path) {
  uint64_t numbers[4];
  TRY(const bool sound, decode_block(bytes, kStateMagic, path, numbers));
  if (!sound) {
    return std::nullopt;
  }
  return State{.counter = numbers[0],
               .generation = numbers[1],
               .committed_generation = numbers[2],
               .committed_sequence = numbers[3]};
}

FrameWriter::FrameWriter(std::string_view stream, Timestamp at, size_t bytes_expected) {
  bytes_.reserve(kFrameHeadSize + stream.size() + bytes_expected);
  bytes_.resize(kFrameHeadSize);
  store_number(bytes_, 0, kFrameMagic);
  store_number(bytes_, kAt, at.micros);
  store_number(bytes_, kStreamSize, static_cast<uint32_t>(stream.size()));
  bytes_ += stream;
}

char* FrameWriter::begin_record(size_t size) {
  record_ = bytes_.size();
  // Not the second argument of the operation: libstdc++ 12 passes the grown capacity there.
  const size_t full = record_ + kLengthSize + size;
  bytes_.resize_and_overwrite(full, [full](char*, size_t) { return full; });
  return bytes_.data() + record_ + kLengthSize;
}

void FrameWriter::end_record(size_t used) {
  CHECK(record_ + kLengthSize + used <= bytes_.size());
  store_number(bytes_, record_, static_cast<uint32_t>(used));
  bytes_.resize(record_ + kLengthSize + used);
  ++records_;
}

void FrameWriter::add(std::string_view record) {
  char* const at = begin_record(record.size());
  if (!record.empty()) {
    std::memcpy(at, record.data(), record.size());
  }
  end_record(record.size());
}

std::string_view FrameWriter::seal(uint64_t sequence, uint64_t group, uint64_t salt) {
  CHECK(bytes_.size() <= kFrameBytesMax);
  store_number(bytes_, kSize, static_cast<uint32_t>(bytes_.size()));
  store_number(bytes_, kRecords, records_);
  store_number(bytes_, kSequence, sequence);
  store_number(bytes_, kGroup, group);
  store_number(bytes_, kHash, hash64(std::string_view(bytes_).substr(kSize), salt));
  return bytes_;
}

size_t frame_size(std::string_view head) {
  if (head.size() < kFrameHeadSize || load_number<uint64_t>(head, 0) != kFrameMagic) {
    return 0;
  }
  const auto size = load_number<uint32_t>(head, kSize);
  return size < kFrameHeadSize || size > kFrameBytesMax ? 0 : size;
}

std::optional<FrameView> parse_frame(std::string_view bytes, uint64_t salt) {
  const size_t size = frame_size(bytes);
  if (size == 0 || size > bytes.size()) {
    return std::nullopt;
  }
  bytes = bytes.substr(0, size);
  if (load_number<uint64_t>(bytes, kHash) != hash64(bytes.substr(kSize), salt)) {
    return std::nullopt;
  }
  FrameView frame{.size = static_cast<uint32_t>(size),
                  .records = load_number<uint32_t>(bytes, kRecords),
                  .sequence = load_number<uint64_t>(bytes, kSequence),
                  .group = load_number<uint64_t>(bytes, kGroup),
                  .at = Timestamp{load_number<int64_t>(bytes, kAt)},
                  .stream = {},
                  .body = {}};
  const auto stream_size = load_number<uint32_t>(bytes, kStreamSize);
  bytes.remove_prefix(kFrameHeadSize);
  if (stream_size > bytes.size()) {
    return std::nullopt;
  }
  frame.stream = bytes.substr(0, stream_size);
  frame.body = bytes.substr(stream_size);
  std::string_view rest = frame.body;
  for (uint32_t i = 0; i < frame.records; ++i) {
    if (rest.size() < kLengthSize || load_number<uint32_t>(rest, 0) > rest.size() - kLengthSize) {
      return std::nullopt;
    }
    (void)next_record(rest);  // only its length matters here
  }
  return rest.empty() && frame.records > 0 ? std::optional(frame) : std::nullopt;
}

std::string_view next_record(std::string_view& body) {
  const auto size = load_number<uint32_t>(body, 0);
  const std::string_view record = body.substr(kLengthSize, size);
  body.remove_prefix(kLengthSize + size);
  return record;
}

std::optional<size_t> find_later_frame(std::string_view segment, size_t from, uint64_t salt) {
  const std::string_view magic(reinterpret_cast<const char*>(&kFrameMagic), sizeof kFrameMagic);
  for (size_t at = segment.find(magic, from + 1); at != std::string_view::npos;
       at = segment.find(magic, at + 1)) {
    const auto frame = parse_frame(segment.substr(at), salt);
    if (frame && frame->group > from) {
      return at;
    }
  }
  return std::nullopt;
}

}  // namespace penstock::inbox
