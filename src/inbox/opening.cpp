#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "base/keep_tail.h"
#include "inbox/inbox.h"

namespace penstock::inbox {
namespace {

constexpr std::string_view kSegmentSuffix = ".segment";
constexpr uint64_t kSegmentReadMax = uint64_t{256} << 20;

Result<std::string> read_whole(File& file, uint64_t size) {
  std::string bytes;
  bytes.resize(static_cast<size_t>(size));
  TRY(const size_t got, file.read(0, bytes));
  bytes.resize(got);
  return bytes;
}

}  // namespace

std::unexpected<Error> Inbox::corrupt(const std::string& path, uint64_t offset) const {
  return fatal(
      fmt::format("inbox {}: corrupt at byte {}; records behind it were answered for, so it is not "
                  "skipped: restore the file, or move it away and lose what is in it",
                  path, offset));
}

// In this order: the lock, what was committed, what is inside, and only then, durably, the new
// generation, so that none is ever used twice.
Result<> Inbox::load() {
  TRY(files_.make_folders(options_.folder));
  TRY(lock_, files_.lock(options_.folder + "/lock"));
  TRY(load_state());
  TRY(std::deque<Segment> segments, load_segments());
  uint64_t newest = state_.generation;
  for (const Segment& segment : segments) {
    newest = std::max(newest, segment.header.generation);
  }
  {
    const MutexLock lock(mutex_);
    segments_ = std::move(segments);
    options_.metrics.bytes.set(inside());
    options_.metrics.bytes_max.set(options_.bytes_max);
  }
  generation_ = next_generation(clock_.wall().micros, random_.next(), newest);
  state_.generation = generation_;
  TRY(save_state(true));
  TRY(files_.sync_folder(options_.folder));
  read_ = {.generation = state_.committed_generation, .sequence = state_.committed_sequence};
  return drop_committed();
}

Result<> Inbox::load_state() {
  const std::string path = options_.folder + "/state";
  TRY(state_file_, files_.open(path, OpenMode::write));
  TRY(const FileInfo info, state_file_->info());
  TRY(const std::string bytes, read_whole(*state_file_, std::min<uint64_t>(info.size, 4096)));
  bool found = false;
  for (size_t at = 0; at < 2 * State::kSize && at < bytes.size(); at += State::kSize) {
    TRY(const auto copy, State::decode(std::string_view(bytes).substr(at), path));
    if (copy && (!found || copy->counter > state_.counter)) {
      state_ = *copy;
      synced_copy_ = at;
      found = true;
    }
  }
  if (!found && !bytes.empty()) {
    log_.warn(options_.where,
              fmt::format("inbox {}: unreadable; all that is inside is delivered again", path));
  }
  return state_file_->sync();  // a process that died may have left the newer copy unsynced
}

// The copy that was synced last is never written over: a write that is torn leaves it, a little
// older, which costs a repeat and no record.
Result<> Inbox::save_state(bool sync) {
  ++state_.counter;
  const uint64_t other = State::kSize - synced_copy_;
  TRY(state_file_->write(other, state_.encode()));
  state_unsynced_ = true;
  return sync ? sync_state() : Result<>{};
}

Result<> Inbox::sync_state() {
  if (state_unsynced_) {
    TRY(state_file_->sync());
    synced_copy_ = State::kSize - synced_copy_;
    state_unsynced_ = false;
  }
  return {};
}

Result<std::deque<Inbox::Segment>> Inbox::load_segments() {
  std::deque<Segment> segments;
  TRY(std::vector<std::string> names, files_.list(options_.folder));
  for (const std::string& name : names) {
    const size_t mark = name.find(kCutMark);
    const bool is_of_a_segment = std::ranges::binary_search(names, name.substr(0, mark));
    if (mark != std::string::npos && !is_of_a_segment) {
      TRY(files_.remove(options_.folder + "/" + name));  // its segment is delivered and gone
    }
  }
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(kSegmentSuffix); });
  for (size_t i = 0; i < names.size(); ++i) {
    Segment segment{.path = options_.folder + "/" + names[i],
                    .header = {},
                    .size = 0,
                    .next = 0,
                    .last = false};
    TRY(const auto file, files_.open(segment.path, OpenMode::read));
    TRY(const FileInfo info, file->info());
    TRY(const std::string head, read_whole(*file, std::min<uint64_t>(info.size, 64)));
    TRY(const auto header, SegmentHeader::decode(head, segment.path));
    if (!header) {
      // Records are written behind a synced header only, so this one never had any.
      if (i + 1 == names.size() && info.size <= SegmentHeader::kSize) {
        TRY(files_.remove(segment.path));
        continue;
      }
      return corrupt(segment.path, 0);
    }
    segment.header = *header;
    segment.size = info.size;
    if (!segments.empty()) {
      Segment& before = segments.back();
      // Within a generation the next one shows where this one ended; the last of each is measured.
      if (before.header.generation == header->generation) {
        before.next = header->sequence;
      } else {
        TRY(measure(before, false));
      }
    }
    segments.push_back(std::move(segment));
  }
  if (!segments.empty()) {
    TRY(measure(segments.back(), true));
  }
  return segments;
}

// The sound frame at `at`, read into `buffer`; nullopt when there is none.
Result<std::optional<FrameView>> Inbox::frame_at(File& file, const Segment& segment, uint64_t at,
                                                 std::string& buffer) {
  buffer.resize(kFrameHeadSize);
  TRY(size_t got, file.read(at, buffer));
  const size_t size = frame_size(std::string_view(buffer).substr(0, got));
  buffer.resize(size);
  TRY(got, file.read(at, buffer));
  const auto frame = parse_frame(std::string_view(buffer).substr(0, got), segment.header.salt);
  return frame && frame->sequence == segment.next ? frame : std::nullopt;
}

// Finds the end of a segment. Only the newest one can have a tail that was never synced, because a
// later one is begun after that.
Result<> Inbox::measure(Segment& segment, bool newest) {
  TRY(const auto file, files_.open(segment.path, newest ? OpenMode::write : OpenMode::read));
  const uint64_t size = segment.size;
  uint64_t at = SegmentHeader::kSize;
  segment.next = segment.header.sequence;
  std::string buffer;
  while (at < size) {
    TRY(const auto frame, frame_at(*file, segment, at, buffer));
    if (!frame) {
      break;
    }
    segment.next += frame->records;
    at += frame->size;
  }
  segment.size = at;
  if (newest) {
    return cut(segment, *file, size);
  }
  return at == size ? Result<>{} : corrupt(segment.path, at);
}

Result<> Inbox::cut(const Segment& segment, File& file, uint64_t size) {
  if (segment.size < size) {
    if (size > kSegmentReadMax) {
      return corrupt(segment.path, segment.size);
    }
    TRY(const std::string bytes, read_whole(file, size));
    if (find_later_frame(bytes, static_cast<size_t>(segment.size), segment.header.salt)) {
      return corrupt(segment.path, segment.size);
    }
    TRY(const std::string kept, keep_tail(files_, file, segment.path, segment.size));
    log_.warn(options_.where,
              fmt::format("inbox {}: cut {} bytes that are no whole write, as a process that dies "
                          "leaves them, and were never answered for; were they damaged instead, "
                          "the records in them are in {}",
                          segment.path, size - segment.size, kept));
    TRY(file.truncate(segment.size));
  }
  // Also what is sound may have been written by a process that died before its sync: a reader must
  // not see it before it is safe.
  return file.sync();
}

}  // namespace penstock::inbox
