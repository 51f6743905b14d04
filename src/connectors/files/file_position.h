// FilePosition: where reading goes on in one file, and which file that is. Its bytes are text, with
// the format's version in front. Values; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/files.h"
#include "base/hash.h"
#include "core/event.h"

namespace penstock::files {

struct FilePosition {
  static constexpr uint64_t kHeadMax = 4096;
  using Head = Hash128;  // the first half of the SHA-256 of the file's begin

  uint64_t offset = 0;  // into the text: of a compressed file, into what it holds
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t head_size = 0;  // how much of the file's begin `head` was made of
  Head head;
  bool is_old = false;      // `head` is that of version 1 or 2, which others can make collide
  uint64_t generation = 0;  // leads the order of the file's lines; 0 until the first one
  Timestamp made;           // of the file, as it was when its first line was read
};

// In version 2 where its head is of that.
std::string encode(const FilePosition& position);
// A position of version 1, which has no `made`, is read with that of `file`.
std::optional<FilePosition> decode_position(std::string_view bytes, const FileInfo& file);

// Where the line of that order begins, in a file that was read to `end`. Nothing for the order of
// another content. A split's copies have more bytes behind the order, which do not count.
std::optional<Position> position_at(FilePosition end, std::string_view order);

// `lost_position` with the reason when the file is not the one the position points into. The head
// is one of this version behind it.
Result<> check_identity(File& file, const std::string& path, FilePosition& position);
// Of the first `size` bytes.
Result<FilePosition::Head> hash_head(File& file, uint64_t size);

}  // namespace penstock::files
