#include "connectors/files/file_reader.h"

#include <fmt/core.h>

#include <algorithm>

namespace penstock::files {

FileReader::FileReader(ReaderOptions options, std::unique_ptr<File> file, FilePosition position,
                       const Context& context)
    : options_(std::move(options)),
      file_(std::move(file)),
      position_(position),
      lines_(options_.part, options_.path),
      files_(context.files),
      clock_(context.clock),
      log_(context.log),
      where_(context.where) {}

void FileReader::begin(EventBlock& block) {
  lines_.begin(block, options_.time_of_reading ? clock_.wall() : position_.made);
}

Result<Read> FileReader::finish(Read read, uint64_t seen) {
  const uint64_t head_size = std::min(seen, FilePosition::kHeadMax);
  if (head_size > position_.head_size) {
    TRY(position_.head, hash_head(*file_, head_size));
    position_.head_size = head_size;
  }
  read.position = encode(position_);
  return read;
}

Result<> FileReader::check_still_there(uint64_t seen) {
  TRY(const FileInfo own, file_->info());
  const auto lost = [&](std::string_view why) {
    return fail(Error::Kind::lost_position,
                fmt::format("files {}: {} while it was read, at byte {}", options_.path, why,
                            position_.offset));
  };
  if (own.size < seen) {
    return lost("the file was cut");
  }
  TRY(const auto named, files_.info(options_.path));
  if (named && (named->inode != own.inode || named->device != own.device)) {
    return lost("another file took its name");
  }
  return {};
}

void FileReader::warn_once(std::string_view what) {
  if (!warned_) {
    warned_ = true;
    log_.warn(where_, fmt::format("files {}: {}", options_.path, what));
  }
}

size_t FileReader::kept_of_long_line() const {
  return std::min(options_.line_max, LineEvents::kKeptOfLongLine);
}

std::string FileReader::too_long() const {
  return fmt::format("a line of more than line_max ({} bytes), of which the first {} are kept",
                     options_.line_max, kept_of_long_line());
}

}  // namespace penstock::files
