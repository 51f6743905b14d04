#include "base/keep_tail.h"

#include <algorithm>

namespace penstock {

Result<std::string> keep_tail(Files& files, File& file, const std::string& path, uint64_t offset) {
  constexpr size_t kPiece = size_t{1} << 20;
  std::string kept = path + std::string(kCutMark) + std::to_string(offset);
  TRY(const std::unique_ptr<File> copy, files.open(kept, OpenMode::write));
  TRY(copy->truncate(0));
  TRY(const FileInfo info, file.info());
  std::string piece;
  for (uint64_t at = offset; at < info.size; at += piece.size()) {
    piece.resize(static_cast<size_t>(std::min<uint64_t>(info.size - at, kPiece)));
    TRY(const size_t got, file.read(at, piece));
    if (got == 0) {
      break;
    }
    piece.resize(got);
    TRY(copy->write(at - offset, piece));
  }
  TRY(copy->sync());
  return kept;
}

}  // namespace penstock
