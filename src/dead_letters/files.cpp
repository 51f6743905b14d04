#include "dead_letters/files.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "base/file_name.h"
#include "base/keep_tail.h"
#include "dead_letters/letter_log.h"
#include "dead_letters/letter_record.h"

namespace penstock {

namespace {

using dead_letters::AppendLog;
using dead_letters::Ledger;
using dead_letters::LetterLine;
using dead_letters::Scan;
using dead_letters::Segment;

constexpr size_t kListBytes = size_t{4} << 20;  // of events; one that is larger comes alone
constexpr MetricName kWaiting = {"penstock_dead_letters_waiting",
                                 "Letters in the store that were not replayed."};

class FilesArchive final : public DeadLetterArchive {
 public:
  FilesArchive(FilesDeadLetters& store, Files& files, std::string pipeline, std::string folder)
      : store_(store), files_(files), pipeline_(std::move(pipeline)), folder_(std::move(folder)) {}

  Result<std::vector<StoredLetter>> list(uint64_t after, size_t most, Stop stop) override;
  Result<> mark_replayed(std::span<const uint64_t> sequences, Stop) override {
    return store_.mark_replayed(pipeline_, sequences);
  }

 private:
  FilesDeadLetters& store_;
  Files& files_;
  std::string pipeline_, folder_;
  Ledger ledger_;  // as far as it was read
  struct Known {
    std::string path;  // of the segment
    Scan scan;         // up to the letter
  };
  std::map<uint64_t, Known> known_;  // where letters stand at which a list() ended, by sequence
};

Result<std::vector<StoredLetter>> FilesArchive::list(uint64_t after, size_t most, Stop) {
  std::vector<StoredLetter> letters;
  TRY(const std::vector<Segment> segments, dead_letters::list_segments(files_, folder_));
  TRY(ledger_, dead_letters::read_ledger(files_, folder_, std::move(ledger_)));
  size_t bytes = 0;
  const auto has_room = [&] { return letters.size() < most && bytes < kListBytes; };
  for (size_t i = 0; i < segments.size() && has_room(); ++i) {
    const bool is_last = i + 1 == segments.size();
    if (!is_last && segments[i + 1].first <= after + 1) {
      continue;
    }
    Scan from;
    from.next = segments[i].first;
    const auto behind = known_.upper_bound(after + 1);
    if (behind != known_.begin() && std::prev(behind)->second.path == segments[i].path) {
      from = std::prev(behind)->second.scan;
      from.torn_bytes = 0;
    }
    const auto visit = [&](LetterLine line) {
      if (line.letter.sequence > after) {
        line.letter.replayed = ledger_.replayed.contains(line.letter.sequence);
        bytes += line.letter.event().bytes();
        letters.push_back(std::move(line.letter));
      }
      return has_room();
    };
    TRY(const Scan scan, dead_letters::scan_segment(files_, segments[i], is_last, from, visit));
    known_[scan.next] = {segments[i].path, scan};
  }
  return letters;
}

}  // namespace

Result<std::unique_ptr<DeadLetterStore>> FilesDeadLetters::make(Settings settings,
                                                                const Context& context) {
  return std::unique_ptr<DeadLetterStore>(new FilesDeadLetters(std::move(settings), context));
}

FilesDeadLetters::FilesDeadLetters(Settings settings, const Context& context)
    : settings_(std::move(settings)),
      where_(context.where),
      clock_(context.clock),
      log_(context.log),
      files_(context.files),
      shown_waiting_(context.gauge(kWaiting)) {}

std::string FilesDeadLetters::folder_of(const std::string& pipeline) const {
  // A pipeline is named by who runs it, and its folder stays where version 1 put it.
  return settings_.path + "/" + file_name_of_version_1(pipeline);
}

Result<> FilesDeadLetters::open(const std::string& pipeline, Stop) {
  const std::string folder = folder_of(pipeline);
  segment_.reset();
  ledger_.reset();
  if (lock_ == nullptr || pipeline != pipeline_) {
    lock_.reset();
    TRY(files_.make_folders(folder));
    Result<std::unique_ptr<FileLock>> lock = files_.lock(folder + "/lock");
    if (!lock && lock.error().kind == Error::Kind::transient) {
      return fatal(
          fmt::format("dead letters {}: another process writes those of pipeline '{}' "
                      "(it holds {}/lock); stop it first",
                      folder, pipeline, folder));
    }
    if (!lock) {
      return std::unexpected(std::move(lock).error());
    }
    lock_ = *std::move(lock);
    pipeline_ = pipeline;
  }
  TRY(recover_log(folder));
  return recover_ledger(folder);
}

Result<> FilesDeadLetters::recover_log(const std::string& folder) {
  TRY(const std::vector<Segment> segments, dead_letters::list_segments(files_, folder));
  next_ = 1;
  first_ = 1;
  if (segments.empty()) {
    return {};
  }
  first_ = segments.front().first;
  const Segment& last = segments.back();
  Scan start;
  start.next = last.first;
  TRY(const Scan scan, dead_letters::scan_segment(files_, last, true, start,
                                                  [](const LetterLine&) { return true; }));
  if (scan.torn_bytes > 0) {
    log_.warn(
        where_,
        fmt::format("dead letters {}: cut {} bytes that are no whole write, as a process that "
                    "dies leaves them; were they damaged instead, the letters in them are in "
                    "{}{}{}",
                    last.path, scan.torn_bytes, last.path, kCutMark, scan.end));
  }
  TRY(segment_,
      AppendLog::open(files_, last.path, {.bytes = scan.end, .last_write = scan.last_write}));
  next_ = scan.next;
  return {};
}

Result<> FilesDeadLetters::recover_ledger(const std::string& folder) {
  TRY(const Ledger ledger, dead_letters::read_ledger(files_, folder));
  TRY(ledger_, AppendLog::open(files_, dead_letters::ledger_path(folder),
                               {.bytes = ledger.end, .last_write = ledger.last_line}));
  waiting_ = next_ - first_;
  for (const uint64_t sequence : ledger.replayed) {
    waiting_ -= sequence >= first_ && sequence < next_ ? 1 : 0;
  }
  shown_waiting_.set(waiting_);
  // Where somebody removed the log, its numbers are not given to other letters.
  if (ledger.highest >= next_) {
    next_ = ledger.highest + 1;
    segment_.reset();
  }
  return {};
}

// I1: durable on return.
Result<> FilesDeadLetters::write(std::span<const DeadLetter> letters, Stop) {
  if (lock_ == nullptr || !ledger_) {
    return fatal(fmt::format("dead letters {}: they are not open", settings_.path));
  }
  if (letters.empty()) {
    return {};
  }
  if (!segment_ || segment_->size() >= kSegmentBytes) {
    TRY(segment_,
        AppendLog::open(files_, dead_letters::segment_path(folder_of(pipeline_), next_), {}));
  }
  buffer_.clear();
  uint64_t sequence = next_;
  for (const DeadLetter& letter : letters) {
    dead_letters::append_line(
        letter, {.pipeline = pipeline_, .sequence = sequence, .write_first = next_}, buffer_);
    ++sequence;
  }
  TRY(segment_->append(buffer_));
  next_ = sequence;
  waiting_ += letters.size();
  shown_waiting_.set(waiting_);
  return {};
}

Result<std::unique_ptr<DeadLetterArchive>> FilesDeadLetters::archive(const std::string& pipeline) {
  return std::make_unique<FilesArchive>(*this, files_, pipeline, folder_of(pipeline));
}

Result<> FilesDeadLetters::mark_replayed(const std::string& pipeline,
                                         std::span<const uint64_t> sequences) {
  if (!ledger_ || pipeline != pipeline_) {
    return fatal(fmt::format("dead letters {}: they are not open for pipeline '{}'",
                             folder_of(pipeline), pipeline));
  }
  if (sequences.empty()) {
    return {};
  }
  return ledger_->append(dead_letters::ledger_line(sequences, clock_.wall()));
}

}  // namespace penstock
