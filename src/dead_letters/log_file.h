// LineReader and AppendLog: a file of lines, read from its front and grown at its end. Each is
// owned by one object and used by one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/files.h"

namespace penstock::dead_letters {

class LineReader {
 public:
  static constexpr size_t kLineMax = size_t{256} << 20;  // what is longer is no line of ours

  struct Line {
    std::string_view text;  // without its line break; until the next call
    uint64_t offset = 0;
    bool whole = false;  // it has its line break
  };

  // Reads from `offset` to where the file ends now: what another writes meanwhile may begin in the
  // middle of the last line.
  static Result<LineReader> open(Files& files, const std::string& path, uint64_t offset);
  Result<std::optional<Line>> next();  // nullopt at the end

 private:
  LineReader(std::unique_ptr<File> file, uint64_t offset, uint64_t end)
      : file_(std::move(file)), end_(end), offset_(offset), file_offset_(offset) {}

  std::unique_ptr<File> file_;
  uint64_t end_;        // of the file when it was opened
  std::string buffer_;  // buffer_[used_, …) is not given out yet
  size_t used_ = 0;
  uint64_t offset_;       // in the file, of buffer_[used_]
  uint64_t file_offset_;  // of the next byte to read from the file
};

class AppendLog {
 public:
  struct Kept {
    uint64_t bytes = 0;       // of the file's front; what is behind goes
    uint64_t last_write = 0;  // where in it the last write begins
  };
  // Opens the file, or makes it. Durable on return, the kept bytes too: the last write is written
  // once more, because a sync of it that failed (and ended the process) leaves bytes that read well
  // and that no later sync brings to the disk.
  static Result<AppendLog> open(Files& files, const std::string& path, Kept kept);
  // Durable on return. After an error nothing of it is kept, unless the machine dies.
  Result<> append(std::string_view bytes);
  uint64_t size() const { return size_; }

 private:
  AppendLog(std::unique_ptr<File> file, std::string path, uint64_t size)
      : file_(std::move(file)), path_(std::move(path)), size_(size) {}

  std::unique_ptr<File> file_;
  std::string path_;
  uint64_t size_;
  bool longer_ = false;  // an append failed: there may be bytes behind size_
  bool broken_ = false;  // a sync failed: what the disk holds is not known any more
};

}  // namespace penstock::dead_letters
