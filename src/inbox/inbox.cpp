#include "inbox/inbox.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"

namespace penstock::inbox {
namespace {

// Small frames of a group are written together; a larger one is worth a write of its own.
constexpr size_t kJoinBytes = size_t{64} << 10;
// What may wait in memory for a disk that does not keep up, and what of it is written at once: it
// bounds the size of a segment too.
constexpr uint64_t kPendingBytesMax = uint64_t{64} << 20;
constexpr uint64_t kGroupBytesMax = uint64_t{32} << 20;

constexpr MetricName kBytes = {"penstock_inbox_bytes", "Bytes that the inbox holds."};
constexpr MetricName kBytesMax = {"penstock_inbox_bytes_limit",
                                  "The most of them; beyond it clients are told to try later."};
constexpr MetricName kRefused = {"penstock_inbox_refused_requests_total",
                                 "Requests that the inbox did not take: full, or its disk fails."};

}  // namespace

InboxMetrics InboxMetrics::of(const Context& context) {
  return {.bytes = context.gauge(kBytes),
          .bytes_max = context.gauge(kBytesMax),
          .refused_requests = context.counter(kRefused)};
}

Inbox::Inbox(Options options, Files& files, Clock& clock, Log& log, uint64_t seed)
    : options_(std::move(options)),
      // So that what a segment keeps of committed records never fills the inbox.
      segment_bytes_(std::min(options_.segment_bytes, options_.bytes_max / 4)),
      files_(files),
      clock_(clock),
      log_(log),
      random_(seed) {}

Inbox::~Inbox() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
}

Result<std::unique_ptr<Inbox>> Inbox::open(Options options, Files& files, Clock& clock, Log& log,
                                           uint64_t seed) {
  std::unique_ptr<Inbox> inbox(new Inbox(std::move(options), files, clock, log, seed));
  TRY(inbox->load());
  if (inbox->options_.own_thread) {
    inbox->thread_ = std::jthread([&inbox = *inbox](const Stop& stop) { inbox.run(stop); });
  }
  return inbox;
}

uint64_t Inbox::bytes() {
  const MutexLock lock(mutex_);
  return inside();
}

uint64_t Inbox::inside() const {
  uint64_t sum = pending_bytes_;
  for (const Segment& segment : segments_) {
    sum += segment.size;
  }
  return sum;
}

void Inbox::listen(Signal signal) {
  const MutexLock lock(mutex_);
  signal_ = std::move(signal);
  is_dry_ = true;
}

void Inbox::append(FrameWriter frame, Answer answer) {
  CHECK(frame.records() > 0);
  const size_t size = frame.size();
  Result<Place> refusal{Place{}};
  {
    const MutexLock lock(mutex_);
    const uint64_t before = inside();
    if (broken_) {
      refusal = std::unexpected(*broken_);
    } else if (before + size > options_.bytes_max || size > kFrameBytesMax) {
      refusal = transient(fmt::format(
          "inbox {}: full, {} bytes inside; deliver some, or raise inbox_bytes_max ({})",
          options_.folder, before, options_.bytes_max));
    } else if (pending_bytes_ > 0 && pending_bytes_ + size > kPendingBytesMax) {
      refusal = transient(fmt::format("inbox {}: its disk does not keep up; {} bytes wait",
                                      options_.folder, pending_bytes_));
    } else {
      pending_bytes_ += size;
      pending_.push_back({.frame = std::move(frame), .answer = std::move(answer), .sequence = 0});
      changed_.notify_all();
      return;
    }
  }
  options_.metrics.refused_requests.add();
  answer(refusal);
}

void Inbox::run(const Stop& stop) {
  while (true) {
    {
      const MutexLock lock(mutex_);
      if (!changed_.wait(mutex_, stop, [this]() REQUIRES(mutex_) { return !pending_.empty(); })) {
        return;
      }
    }
    work();
  }
}

void Inbox::work() {
  std::vector<Pending> group;
  std::optional<Error> broken;
  {
    const MutexLock lock(mutex_);
    uint64_t bytes = 0;
    size_t count = 0;
    while (count < pending_.size() && bytes < kGroupBytesMax) {
      bytes += pending_[count++].frame.size();
    }
    const auto end = pending_.begin() + static_cast<ptrdiff_t>(count);
    group.assign(std::make_move_iterator(pending_.begin()), std::make_move_iterator(end));
    pending_.erase(pending_.begin(), end);
    broken = broken_;
    writing_ = true;
    if (roll_) {
      active_.reset();
    }
  }
  Result<> outcome;
  if (broken) {
    outcome = std::unexpected(*broken);
  } else if (!group.empty()) {
    outcome = write_group(group);
  }
  Signal signal;
  {
    const MutexLock lock(mutex_);
    writing_ = false;
    pending_bytes_ = 0;
    for (const Pending& pending : pending_) {
      pending_bytes_ += pending.frame.size();
    }
    if (outcome && !group.empty()) {
      Segment& segment = segments_.back();
      segment.size = active_size_;
      segment.next = next_sequence_;
      options_.metrics.bytes.set(inside());
    } else if (!outcome && outcome.error().kind != Error::Kind::transient) {
      broken_ = outcome.error();
    }
    if ((outcome && !group.empty()) || broken_) {
      signal = take_signal();
    }
  }
  signal.ready();
  answer_all(group, outcome);
  // The next segment is made while nobody waits. Where that fails, the next request tries again
  // and is told.
  if (outcome && active_ != nullptr && active_size_ >= segment_bytes_) {
    if (const auto rolled = roll(); !rolled && rolled.error().kind != Error::Kind::transient) {
      {
        const MutexLock lock(mutex_);
        broken_ = rolled.error();
        signal = take_signal();
      }
      signal.ready();
    }
  }
}

// A reader that is not dry reads on by itself and sees what is there.
Signal Inbox::take_signal() {
  return std::exchange(is_dry_, false) ? signal_ : Signal();
}

void Inbox::answer_all(std::vector<Pending>& group, const Result<>& outcome) {
  if (!outcome) {
    options_.metrics.refused_requests.add(group.size());
  }
  for (Pending& pending : group) {
    if (outcome) {
      pending.answer(Place{.generation = generation_, .sequence = pending.sequence});
    } else {
      pending.answer(std::unexpected(outcome.error()));
    }
  }
}

// Writes behind what is synced, then syncs. What a failed write (a full disk) left is taken back
// before anybody is told, so that it can never be taken for a record later.
Result<> Inbox::write_group(std::vector<Pending>& group) {
  if (active_ == nullptr) {
    TRY(roll());
  }
  uint64_t written = active_size_;
  if (const auto outcome = write_frames(group, written); !outcome) {
    TRY(undo_write());
    return outcome;
  }
  TRY(active_->sync());
  TRY(check_place());
  active_size_ = written;
  next_sequence_ = group.back().sequence + group.back().frame.records();
  return {};
}

Result<> Inbox::write_frames(std::vector<Pending>& group, uint64_t& written) {
  const uint64_t begin = active_size_;
  uint64_t sequence = next_sequence_;
  std::string joined;
  const auto flush = [&](std::string_view bytes) -> Result<> {
    TRY(active_->write(written, bytes));
    written += bytes.size();
    return {};
  };
  for (Pending& pending : group) {
    pending.sequence = sequence;
    const std::string_view bytes = pending.frame.seal(sequence, begin, active_salt_);
    sequence += pending.frame.records();
    if (joined.size() + bytes.size() <= kJoinBytes && group.size() > 1) {
      joined += bytes;
      continue;
    }
    TRY(flush(joined));
    joined.clear();
    TRY(flush(bytes));
  }
  return flush(joined);
}

// A file that was deleted still takes what is written, and nobody would ever find it.
Result<> Inbox::check_place() {
  TRY(const auto found, files_.info(active_path_));
  if (!found || found->inode != active_info_.inode || found->device != active_info_.device) {
    return fatal(fmt::format(
        "inbox {}: was deleted or replaced while in use; what was in it and not delivered is lost: "
        "start again, and leave the folder alone",
        active_path_));
  }
  return {};
}

Result<> Inbox::undo_write() {
  Result<> outcome = active_->truncate(active_size_);
  if (outcome) {
    outcome = active_->sync();
  }
  if (!outcome) {
    outcome.error().kind = Error::Kind::fatal;
  }
  return outcome;
}

// A new segment is there, header, name and all, before the first record is written to it.
Result<> Inbox::roll() {
  active_.reset();
  const SegmentHeader header{
      .generation = generation_, .sequence = next_sequence_, .salt = random_.next()};
  const std::string path =
      fmt::format("{}/{}.segment", options_.folder, Place{generation_, next_sequence_}.id());
  // A try before this one may have left the file behind, on a full disk.
  TRY(auto file, files_.open(path, OpenMode::write));
  TRY(file->truncate(0));
  TRY(file->write(0, header.encode()));
  TRY(file->sync());
  TRY(files_.sync_folder(options_.folder));
  TRY(active_info_, file->info());
  active_path_ = path;
  active_ = std::move(file);
  active_size_ = SegmentHeader::kSize;
  active_salt_ = header.salt;
  const MutexLock lock(mutex_);
  roll_ = false;  // a commit may have asked for it meanwhile
  if (!segments_.empty()) {
    segments_.back().last = false;
  }
  segments_.push_back({.path = path,
                       .header = header,
                       .size = SegmentHeader::kSize,
                       .next = next_sequence_,
                       .last = true});
  options_.metrics.bytes.set(inside());
  return {};
}

}  // namespace penstock::inbox
