#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "inbox/emit.h"
#include "inbox/inbox.h"

namespace penstock::inbox {
namespace {

constexpr uint64_t kReadAhead = uint64_t{256} << 10;

}  // namespace

Result<Read> Inbox::read(EventBlock& block, const ReadLimits& limits, Stop /*stop*/) {
  size_t bytes = 0;
  const size_t begin = block.events.size();
  const auto full = [&] {
    return block.events.size() - begin >= limits.events || bytes >= limits.bytes;
  };
  // Also the frame that the next read begins with, because its time says how far behind this is.
  Result<bool> found = next_frame();
  while (found && *found && !full()) {
    const auto given = static_cast<uint32_t>(block.events.size() - begin);
    emit(block, {.events = limits.events - given, .bytes = limits.bytes, .wait = {}}, bytes);
    found = next_frame();
  }
  if (block.events.size() == begin) {
    TRY(found);  // behind records that are given it waits for the next read, else they were lost
    const MutexLock lock(mutex_);
    if (broken_) {
      return std::unexpected(*broken_);
    }
  }
  Read read;
  read.position = read_.position();
  read.caught_up = found && !*found;
  if (found) {
    read.behind = *found ? age(cursor_.frame->at, clock_) : Duration{0};
  }
  return read;
}

// Goes to the segment behind the cursor's; false when there is none, and then the next sync
// signals: both are told under one lock, so that no record falls between.
Result<bool> Inbox::enter_segment() {
  std::optional<Segment> next;
  {
    const MutexLock lock(mutex_);
    for (const Segment& segment : segments_) {
      if (segment.path == cursor_.path && segment.size > cursor_.offset) {
        return true;  // it grew since it was read to its end
      }
      if (segment.path <= cursor_.path) {
        continue;
      }
      // Of one that is still written to, more is to come, so it is entered in any case.
      if (segment.last || Place{segment.header.generation, segment.next - 1} > read_) {
        next = segment;
        break;
      }
    }
    is_dry_ = !next;
  }
  if (!next) {
    return false;
  }
  const SegmentHeader& header = next->header;
  const uint64_t expected = read_.generation == header.generation ? read_.sequence + 1 : 1;
  // Where the state was lost, read_ is nothing, and what was dropped before is not known.
  if (read_ != Place{} && header.sequence > expected) {
    return fatal(fmt::format(
        "inbox {}: the records {} to {}, which come before it, are missing; restore the segment "
        "that had them, or move the inbox away",
        next->path, Place{header.generation, expected}.id(),
        Place{header.generation, header.sequence - 1}.id()));
  }
  TRY(auto file, files_.open(next->path, OpenMode::read));
  cursor_ = Cursor{};
  cursor_.path = next->path;
  cursor_.header = header;
  cursor_.file = std::move(file);
  cursor_.offset = SegmentHeader::kSize;
  cursor_.next_sequence = header.sequence;
  return true;
}

// The buffer holds at least `size` bytes from cursor_.offset on, and never anything beyond `end`.
Result<> Inbox::fill(uint64_t size, uint64_t end) {
  CHECK(cursor_.offset + size <= end);
  const uint64_t have = cursor_.buffer_offset + cursor_.buffer.size();
  if (cursor_.offset >= cursor_.buffer_offset && cursor_.offset + size <= have) {
    return {};
  }
  const uint64_t wanted = std::min(std::max(size, kReadAhead), end - cursor_.offset);
  cursor_.buffer.resize_and_overwrite(
      static_cast<size_t>(wanted), [wanted](char*, size_t) { return static_cast<size_t>(wanted); });
  cursor_.buffer_offset = cursor_.offset;
  TRY(const size_t got, cursor_.file->read(cursor_.offset, cursor_.buffer));
  if (got != wanted) {
    return corrupt(cursor_.path, cursor_.offset + got);
  }
  return {};
}

// The cursor has a frame with records that were not given yet; false when there is none.
Result<bool> Inbox::next_frame() {
  while (!cursor_.frame) {
    uint64_t end = 0;
    {
      const MutexLock lock(mutex_);
      for (const Segment& segment : segments_) {
        if (segment.path == cursor_.path) {
          end = segment.size;
        }
      }
    }
    if (cursor_.path.empty() || cursor_.offset >= end) {
      TRY(const bool entered, enter_segment());
      if (!entered) {
        return false;
      }
      continue;
    }
    if (end - cursor_.offset < kFrameHeadSize) {
      return corrupt(cursor_.path, cursor_.offset);
    }
    TRY(fill(kFrameHeadSize, end));
    const auto here = [this] {
      return std::string_view(cursor_.buffer)
          .substr(static_cast<size_t>(cursor_.offset - cursor_.buffer_offset));
    };
    const size_t size = frame_size(here());
    if (size == 0 || size > end - cursor_.offset) {
      return corrupt(cursor_.path, cursor_.offset);
    }
    TRY(fill(size, end));
    const auto frame = parse_frame(here(), cursor_.header.salt);
    if (!frame || frame->sequence != cursor_.next_sequence) {
      return corrupt(cursor_.path, cursor_.offset);
    }
    cursor_.frame = frame;
    cursor_.rest = frame->body;
    cursor_.taken = 0;
    // What was committed before this opening, or by a frame's part, is not given again.
    while (cursor_.taken < frame->records &&
           Place{cursor_.header.generation, frame->sequence + cursor_.taken} <= read_) {
      (void)next_record(cursor_.rest);  // skipped
      ++cursor_.taken;
    }
    if (cursor_.taken == frame->records) {
      leave_frame();
    }
  }
  return true;
}

void Inbox::leave_frame() {
  cursor_.offset += cursor_.frame->size;
  cursor_.next_sequence += cursor_.frame->records;
  cursor_.frame.reset();
}

// Gives records of the cursor's frame up to the limits.
void Inbox::emit(EventBlock& block, const ReadLimits& limits, size_t& bytes) {
  const FrameView& frame = *cursor_.frame;
  const uint32_t given = emit_records(
      frame, {.generation = cursor_.header.generation, .sequence = frame.sequence + cursor_.taken},
      cursor_.rest, block, limits, bytes);
  if (given > 0) {
    cursor_.taken += given;
    read_ = {.generation = cursor_.header.generation,
             .sequence = frame.sequence + cursor_.taken - 1};
  }
  if (cursor_.taken == frame.records) {
    leave_frame();
  }
}

// The state is written but not synced: what a machine forgets of it is delivered again. Before a
// segment goes it is synced, because then the records can no longer show the generation.
Result<> Inbox::commit(const Position& position) {
  const auto place = Place::from_position(position);
  if (!place) {
    return fatal(
        fmt::format("inbox {}: cannot commit at a position that is not its own", options_.folder));
  }
  const Place committed{state_.committed_generation, state_.committed_sequence};
  if (*place <= committed) {
    return {};
  }
  state_.committed_generation = place->generation;
  state_.committed_sequence = place->sequence;
  TRY(save_state(false));
  return drop_committed();
}

Result<> Inbox::drop_committed() {
  const Place committed{state_.committed_generation, state_.committed_sequence};
  std::vector<std::string> paths;
  {
    const MutexLock lock(mutex_);
    for (Segment& segment : segments_) {
      if (Place{segment.header.generation, segment.next - 1} > committed) {
        break;
      }
      if (segment.last) {
        // An empty inbox still takes the room of its newest segment, up to a quarter of one.
        const bool large = segment.size > segment_bytes_ / 4;
        if (writing_ || !pending_.empty() || !large) {
          break;
        }
        roll_ = true;
      }
      paths.push_back(segment.path);
    }
  }
  if (paths.empty()) {
    return {};
  }
  TRY(sync_state());
  for (const std::string& path : paths) {
    TRY(files_.remove(path));
  }
  TRY(files_.sync_folder(options_.folder));
  const MutexLock lock(mutex_);
  std::erase_if(segments_, [&](const Segment& segment) {
    return std::ranges::find(paths, segment.path) != paths.end();
  });
  options_.metrics.bytes.set(inside());
  return {};
}

}  // namespace penstock::inbox
