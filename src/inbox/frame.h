// The inbox's bytes on disk. A segment is a header and frames; a frame is one request: all of its
// records or none. Little-endian, each with an xxh64 of its own, seeded by the segment's salt, so
// that no payload can pass for a frame. Pure functions and values; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace penstock::inbox {

inline constexpr uint32_t kVersion = 1;
inline constexpr size_t kFrameBytesMax = size_t{64} << 20;

struct SegmentHeader {
  static constexpr size_t kSize = 64;
  uint64_t generation = 0;
  uint64_t sequence = 0;  // of its first record
  uint64_t salt = 0;
  std::string encode() const;
  // nullopt: no such header. `fatal`, naming the path, for a future version.
  static Result<std::optional<SegmentHeader>> decode(std::string_view bytes,
                                                     const std::string& path);
};

// What outlives restarts besides the records. Kept twice, so that a torn write leaves the other.
struct State {
  static constexpr size_t kSize = 64;
  uint64_t counter = 0;     // the newer copy has the larger one
  uint64_t generation = 0;  // the highest ever used
  uint64_t committed_generation = 0;
  uint64_t committed_sequence = 0;
  std::string encode() const;
  static Result<std::optional<State>> decode(std::string_view bytes, const std::string& path);
};

// Builds one frame; a record's bytes are written where they stay.
class FrameWriter {
 public:
  // `bytes_expected`: of all records, so that the buffer grows once.
  FrameWriter(std::string_view stream, Timestamp at, size_t bytes_expected);
  // Room for at least size bytes of the next record; valid until the next call.
  char* begin_record(size_t size);
  void end_record(size_t used);
  void add(std::string_view record);

  uint32_t records() const { return records_; }
  size_t size() const { return bytes_.size(); }
  std::string_view bytes() const { return bytes_; }  // once sealed
  // The frame, once its place is known. group: where in the segment the frames begin that are
  // written together and synced by one sync.
  std::string_view seal(uint64_t sequence, uint64_t group, uint64_t salt);

 private:
  std::string bytes_;
  size_t record_ = 0;  // where the length of the record being written stands
  uint32_t records_ = 0;
};

struct FrameView {
  uint32_t size = 0;  // head included
  uint32_t records = 0;
  uint64_t sequence = 0;
  uint64_t group = 0;
  Timestamp at;
  std::string_view stream;
  std::string_view body;  // the records, each with its length in front
};

inline constexpr size_t kFrameHeadSize = 56;
// Size of the frame that begins here, head included; 0 when this cannot be one.
size_t frame_size(std::string_view head);
// nullopt: not a whole and sound frame.
std::optional<FrameView> parse_frame(std::string_view bytes, uint64_t salt);
// Takes the next record off the body of a frame that parse_frame() found sound.
std::string_view next_record(std::string_view& body);
// Where behind `from` a sound frame begins whose group begins behind `from` too: evidence that what
// stands at `from` had been synced once, and is no torn tail.
std::optional<size_t> find_later_frame(std::string_view segment, size_t from, uint64_t salt);

}  // namespace penstock::inbox
