// FileReader: what the readers of plain and of compressed files share: which file it is, whether it
// still is, and where reading goes on. Owned by the engine; one thread at a time.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "connectors/files/file_position.h"
#include "connectors/files/line_events.h"
#include "core/context.h"
#include "core/source.h"

namespace penstock::files {

struct ReaderOptions {
  std::string part;
  std::string path;
  bool follow = true;
  bool take_last_line = false;   // one without a line break
  bool time_of_reading = false;  // a line's `at`; else that of the file
  size_t line_max = size_t{16} << 20;
  std::shared_ptr<const void> hold = {};  // its place among the files that the source has open
};

class FileReader : public Reader {
 public:
  FileReader(ReaderOptions options, std::unique_ptr<File> file, FilePosition position,
             const Context& context);
  Result<> commit(const Position& /*position*/, Stop /*stop*/) override { return {}; }

 protected:
  static constexpr size_t kFrontMax = 64;

  // Starts a read's events. Behind a read that gave nothing it looks whether the file is still the
  // one that was read, so that none of another's lines goes out.
  Result<> begin(EventBlock& block);
  // The bytes of the file in front of where reading goes on, of which the last kFrontMax are kept.
  void remember(std::string_view seen);
  size_t front_size() const { return front_size_; }
  // They are read again with what follows them: are they what they were?
  Result<> check_front(std::string_view now, uint64_t seen);
  // What the read said that met the end of the part, once one did: the file is closed since.
  const std::optional<Read>& ended() const { return ended_; }
  // Completes a read: its position, with the hash of the file's first `seen` bytes.
  Result<Read> finish(Read read, uint64_t seen);
  // At the end of the file: is it still the one that has the name, as it was, and not shorter than
  // `seen`?
  Result<> check_still_there(uint64_t seen);
  void warn_once(std::string_view what);
  size_t kept_of_long_line() const;
  std::string too_long() const;

  ReaderOptions options_;
  std::unique_ptr<File> file_;
  FilePosition position_;
  LineEvents lines_;

 private:
  std::unexpected<Error> lost(std::string_view why) const;
  Result<> check_head(const FileInfo& own);
  Result<> grow_head(uint64_t size);

  Files& files_;
  Clock& clock_;
  Log& log_;
  std::string where_;
  bool warned_ = false;
  std::optional<Read> ended_;
  std::array<char, kFrontMax> front_;
  size_t front_size_ = 0;
  bool idle_ = false;                 // the last read gave nothing
  std::optional<Timestamp> checked_;  // the file's last change when its head was looked at
  uint64_t checked_size_ = 0;
};

std::unique_ptr<Reader> make_plain_reader(ReaderOptions options, std::unique_ptr<File> file,
                                          FilePosition position, const Context& context);
std::unique_ptr<Reader> make_packed_reader(ReaderOptions options, std::unique_ptr<File> file,
                                           FilePosition position, const Context& context);

}  // namespace penstock::files
