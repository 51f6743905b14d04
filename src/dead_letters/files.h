// FilesDeadLetters: rejected events as lines of a log on disk, a folder per pipeline. Owned by the
// pipeline (or by an operator's command); one thread at a time. An archive lists on one thread
// while letters are marked on another: the listing opens files of its own.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/files.h"
#include "base/log.h"
#include "config/fields.h"
#include "core/context.h"
#include "core/dead_letter.h"
#include "dead_letters/log_file.h"

namespace penstock {

class FilesDeadLetters final : public DeadLetterStore {
 public:
  static constexpr uint64_t kSegmentBytes = uint64_t{64} << 20;  // then a new file is begun

  struct Settings {
    std::string path;
    void fields(config::FieldVisitor& v) {
      v.field(
          "path", path,
          {.doc = "The folder; made when it is missing. Each pipeline has one of its own in it.",
           .required = true});
    }
  };
  static Result<std::unique_ptr<DeadLetterStore>> make(Settings settings, const Context& context);

  // Locks the pipeline's folder for this store and cuts a torn write off the log's end.
  Result<> open(const std::string& pipeline, Stop stop) override;
  Result<> write(std::span<const DeadLetter> letters, Stop stop) override;
  Result<std::unique_ptr<DeadLetterArchive>> archive(const std::string& pipeline) override;

  // For its archives.
  Result<> mark_replayed(const std::string& pipeline, std::span<const uint64_t> sequences);

 private:
  FilesDeadLetters(Settings settings, const Context& context);
  std::string folder_of(const std::string& pipeline) const;
  Result<> recover_log(const std::string& folder);
  Result<> recover_ledger(const std::string& folder);

  Settings settings_;
  std::string where_;
  Clock& clock_;
  Log& log_;
  Files& files_;
  std::string pipeline_;            // that is open
  std::unique_ptr<FileLock> lock_;  // of its folder
  std::optional<dead_letters::AppendLog> segment_;
  std::optional<dead_letters::AppendLog> ledger_;
  uint64_t next_ = 1;   // the sequence of the next letter
  uint64_t first_ = 1;  // that of the oldest letter that is kept
  // In the store and not replayed. Files that are removed while it is open still count.
  uint64_t waiting_ = 0;
  Gauge shown_waiting_;
  std::string buffer_;  // the lines of one write
};

}  // namespace penstock
