#include "connectors/files/file_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <utility>

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

Result<> FileReader::begin(EventBlock& block) {
  lines_.begin(block, options_.time_of_reading ? clock_.wall() : position_.made);
  if (std::exchange(idle_, false)) {
    TRY(const FileInfo own, file_->info());
    return check_head(own);
  }
  return {};
}

void FileReader::remember(std::string_view seen) {
  front_size_ = std::min(seen.size(), kFrontMax);
  std::memcpy(front_.data(), seen.data() + seen.size() - front_size_, front_size_);
}

Result<> FileReader::check_front(std::string_view now, uint64_t seen) {
  if (now == std::string_view(front_.data(), front_size_)) {
    return {};
  }
  TRY(check_still_there(seen));  // which may know more exactly what happened
  return lost("the file was written anew");
}

std::unexpected<Error> FileReader::lost(std::string_view why) const {
  return fail(Error::Kind::lost_position, fmt::format("files {}: {} while it was read, at byte {}",
                                                      options_.path, why, position_.offset));
}

Result<Read> FileReader::finish(Read read, uint64_t seen) {
  const uint64_t head_size = std::min(seen, FilePosition::kHeadMax);
  if (head_size > position_.head_size) {
    TRY(grow_head(head_size));
  }
  read.position = encode(position_);
  if (read.end) {
    file_.reset();  // others may wait for a descriptor
    options_.hold.reset();
    ended_ = read;
  }
  return read;
}

Result<> FileReader::grow_head(uint64_t size) {
  TRY(const FilePosition::Head known, hash_head(*file_, position_.head_size));
  if (position_.head_size > 0 && known != position_.head) {
    return lost("the file was written anew");
  }
  TRY(position_.head, hash_head(*file_, size));
  position_.head_size = size;
  return {};
}

// What was cut and written anew may have its old size, and the same bytes in front of the offset.
// Looked at when reading meets the end and the file changed since, so that what is appended and
// read as it comes costs nothing.
Result<> FileReader::check_head(const FileInfo& own) {
  if (checked_ == own.changed && checked_size_ == own.size) {
    return {};
  }
  TRY(const FilePosition::Head head, hash_head(*file_, position_.head_size));
  if (position_.head_size > 0 && head != position_.head) {
    return lost("the file was written anew");
  }
  // Another change in the same tick of the file system's clock would not show.
  constexpr int64_t kTickMicros = 50'000;
  checked_.reset();
  if (own.changed != Timestamp{} && clock_.wall().micros - own.changed.micros > kTickMicros) {
    checked_ = own.changed;
    checked_size_ = own.size;
  }
  return {};
}

Result<> FileReader::check_still_there(uint64_t seen) {
  TRY(const FileInfo own, file_->info());
  if (own.size < seen) {
    return lost("the file was cut");
  }
  TRY(const auto named, files_.info(options_.path));
  if (named && (named->inode != own.inode || named->device != own.device)) {
    return lost("another file took its name");
  }
  idle_ = true;
  return check_head(own);
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
