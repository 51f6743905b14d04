// Inbox: a durable queue on disk under an HTTP source. append() comes from any thread and answers
// once the record is synced; requests that arrive while a sync runs share the next one. read() sees
// synced records only; it and commit() are one thread at a time each, and may be at work at once.
// Owned by its source.
//
// Rules: a failed sync is fatal and never tried again (the kernel forgets pages). What was answered
// survives a machine that forgets unsynced data and directory entries (I7). Records keep the
// generation they were accepted under; each opening begins a later one.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/files.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/random.h"
#include "core/context.h"
#include "inbox/frame.h"
#include "inbox/queue.h"

namespace penstock::inbox {

// Shown where they are made of a context.
struct InboxMetrics {
  Gauge bytes, bytes_max;
  Counter refused_requests;
  static InboxMetrics of(const Context& context);
};

struct Options {
  std::string folder = {};
  uint64_t bytes_max = uint64_t{1} << 30;  // of what is inside; beyond it append() is `transient`
  uint64_t segment_bytes = uint64_t{16} << 20;
  std::string where = {};  // for log lines: "pipeline/firehose"
  bool own_thread = true;  // false: the owner calls work() (simulations)
  InboxMetrics metrics = {};
};

class Inbox final : public Queue {
 public:
  // `transient` when another process has it, `fatal` when it is corrupt or of a future version.
  static Result<std::unique_ptr<Inbox>> open(Options options, Files& files, Clock& clock, Log& log,
                                             uint64_t seed);
  ~Inbox() override;  // answers what was appended before
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  void append(FrameWriter frame, Answer answer) override;
  void listen(Signal signal) override;
  // Where own_thread is false: writes, syncs and answers what was appended.
  void work();

  Result<Read> read(EventBlock& block, const ReadLimits& limits, Stop stop) override;
  Result<> commit(const Position& position) override;

  uint64_t generation() const { return generation_; }
  uint64_t bytes();  // inside, and on their way in

 private:
  struct Segment {
    std::string path;
    SegmentHeader header;
    uint64_t size = 0;  // synced bytes
    uint64_t next = 0;  // the sequence after its last record
    bool last = false;  // still written to
  };
  struct Pending {
    FrameWriter frame;
    Answer answer;
    uint64_t sequence = 0;
  };
  struct Cursor {  // of the reader: where in which segment, and what of the frame there is given
    std::string path;
    SegmentHeader header;
    std::unique_ptr<File> file;
    uint64_t offset = 0;         // of the frame
    uint32_t taken = 0;          // of its records
    uint64_t next_sequence = 0;  // of the frame at offset
    std::string buffer;          // of the file, from buffer_offset on
    uint64_t buffer_offset = 0;
    std::string_view rest;  // of the frame's body, in buffer
    std::optional<FrameView> frame;
  };

  Inbox(Options options, Files& files, Clock& clock, Log& log, uint64_t seed);
  // opening.cpp
  Result<> load();
  Result<> load_state();
  Result<std::deque<Segment>> load_segments();
  Result<> measure(Segment& segment, bool newest);
  Result<std::optional<FrameView>> frame_at(File& file, const Segment& segment, uint64_t at,
                                            std::string& buffer);
  Result<> cut(const Segment& segment, File& file, uint64_t size);
  Result<> save_state(bool sync);
  Result<> sync_state();
  // inbox.cpp: the side that writes
  void run(const Stop& stop);
  Result<> write_group(std::vector<Pending>& group);
  Result<> roll();
  Result<> write_frames(std::vector<Pending>& group, uint64_t& written);
  Result<> undo_write();
  Result<> check_place();
  void answer_all(std::vector<Pending>& group, const Result<>& outcome);
  Signal take_signal() REQUIRES(mutex_);
  uint64_t inside() const REQUIRES(mutex_);
  // reading.cpp
  Result<bool> next_frame();
  Result<bool> enter_segment();
  Result<> fill(uint64_t size, uint64_t end);
  void leave_frame();
  void emit(EventBlock& block, const ReadLimits& limits, size_t& bytes);
  Result<> drop_committed();
  std::unexpected<Error> corrupt(const std::string& path, uint64_t offset) const;

  const Options options_;
  const uint64_t segment_bytes_;
  Files& files_;
  Clock& clock_;
  Log& log_;
  Random random_;  // opening, then the writing side
  std::unique_ptr<FileLock> lock_;
  uint64_t generation_ = 0;

  // Of the writing side.
  std::unique_ptr<File> active_;
  std::string active_path_;
  FileInfo active_info_;
  uint64_t active_size_ = 0;
  uint64_t active_salt_ = 0;
  uint64_t next_sequence_ = 1;

  // Of opening, then of the hand that commits.
  std::unique_ptr<File> state_file_;
  State state_;
  bool state_unsynced_ = false;
  uint64_t synced_copy_ = 0;  // where in the file: 0 or State::kSize

  // Of the hand that reads.
  Cursor cursor_;
  Place read_;  // the last record given out

  Mutex mutex_;  // no I/O, no answer and no signal under it
  StoppableCondition changed_;
  std::deque<Segment> segments_ GUARDED_BY(mutex_);
  std::vector<Pending> pending_ GUARDED_BY(mutex_);
  uint64_t pending_bytes_ GUARDED_BY(mutex_) = 0;
  bool writing_ GUARDED_BY(mutex_) = false;  // the writing side has a group in hand
  bool roll_ GUARDED_BY(mutex_) = false;     // begin a new segment before the next group
  std::optional<Error> broken_ GUARDED_BY(mutex_);
  Signal signal_ GUARDED_BY(mutex_);
  // The last read met the end, or there was none: what comes is signalled.
  bool is_dry_ GUARDED_BY(mutex_) = true;

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace penstock::inbox
