#include "dead_letters/log_file.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/keep_tail.h"

namespace penstock::dead_letters {

namespace {

constexpr size_t kReadBytes = size_t{256} << 10;

std::string folder_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

}  // namespace

Result<LineReader> LineReader::open(Files& files, const std::string& path, uint64_t offset) {
  TRY(std::unique_ptr<File> file, files.open(path, OpenMode::read));
  TRY(const FileInfo info, file->info());
  return LineReader(std::move(file), offset, std::max(info.size, offset));
}

Result<std::optional<LineReader::Line>> LineReader::next() {
  size_t searched = used_;
  while (true) {
    const size_t found = buffer_.find('\n', searched);
    if (found != std::string::npos || buffer_.size() - used_ > kLineMax) {
      const bool whole = found != std::string::npos;
      const size_t end = whole ? found : buffer_.size();
      const Line line{.text = std::string_view(buffer_).substr(used_, end - used_),
                      .offset = offset_,
                      .whole = whole};
      used_ = whole ? end + 1 : end;
      offset_ = line.offset + (used_ - (end - line.text.size()));
      return line;
    }
    buffer_.erase(0, used_);
    used_ = 0;
    searched = buffer_.size();
    const size_t wanted = std::min<uint64_t>(kReadBytes, end_ - file_offset_);
    buffer_.resize(searched + wanted);
    TRY(const size_t count,
        file_->read(file_offset_, std::span<char>(buffer_.data() + searched, wanted)));
    buffer_.resize(searched + count);
    file_offset_ += count;
    if (count > 0) {
      continue;
    }
    if (buffer_.empty()) {
      return std::nullopt;
    }
    const Line line{.text = buffer_, .offset = offset_, .whole = false};
    used_ = buffer_.size();
    offset_ += used_;
    return line;
  }
}

Result<AppendLog> AppendLog::open(Files& files, const std::string& path, Kept kept) {
  TRY(std::unique_ptr<File> file, files.open(path, OpenMode::write));
  TRY(const FileInfo info, file->info());
  if (info.size < kept.bytes) {
    return fatal(fmt::format("dead letters {}: the file shrank while it was opened", path));
  }
  if (info.size > kept.bytes) {
    TRY(keep_tail(files, *file, path, kept.bytes));
    TRY(file->truncate(kept.bytes));
  }
  std::string last(kept.bytes - kept.last_write, '\0');
  TRY(const size_t count, file->read(kept.last_write, last));
  if (count != last.size()) {
    return fatal(fmt::format("dead letters {}: the file shrank while it was opened", path));
  }
  if (!last.empty()) {
    TRY(file->write(kept.last_write, last));
  }
  TRY(file->sync());
  TRY(files.sync_folder(folder_of(path)));
  return AppendLog(std::move(file), path, kept.bytes);
}

Result<> AppendLog::append(std::string_view bytes) {
  if (broken_) {
    return fatal(
        fmt::format("dead letters {}: a sync failed before; start the pipeline again once "
                    "the disk is in order",
                    path_));
  }
  if (longer_) {
    TRY(file_->truncate(size_));
    longer_ = false;
  }
  longer_ = true;
  TRY(file_->write(size_, bytes));
  if (Result<> synced = file_->sync(); !synced) {
    broken_ = true;
    return synced;
  }
  longer_ = false;
  size_ += bytes.size();
  return {};
}

}  // namespace penstock::dead_letters
