// The threads of the engine. Workers share one lock: whoever has an answer tells the pipeline,
// takes the next action itself, and wakes another worker only for what it cannot do at once. So a
// lane that writes one small batch after the other stays on one thread (docs/adr).
//
// mutex_ guards everything below it, the pipeline first of all; no component is called and nothing
// is logged while it is held.
#include "engine/runner.h"

#include <fmt/core.h>

#include <deque>
#include <exception>
#include <thread>

#include "base/mutex.h"
#include "engine/pipeline.h"
#include "engine/read_stage.h"

namespace penstock::engine {

namespace {

constexpr size_t kReadersMax = 16;  // parts that are read at the same time

template <class T>
auto guarded(std::string_view doing, T&& call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::exception& e) {
    return fatal(fmt::format("unexpected exception while {}: {}", doing, e.what()));
  }
}

class ThreadRunner;

// What the readers' signals lead to: the runner, for as long as it lives.
class Signals {
 public:
  explicit Signals(ThreadRunner& runner) : runner_(&runner) {}
  void ready(uint32_t part);
  void close() {
    const MutexLock lock(mutex_);
    runner_ = nullptr;
  }

 private:
  Mutex mutex_;  // taken before that of the runner
  ThreadRunner* runner_ GUARDED_BY(mutex_);
};

class ThreadRunner final : public Runner {
 public:
  ThreadRunner(Assembly assembly, Clock& clock, Log& log)
      : assembly_(std::move(assembly)),
        stage_(assembly_),
        clock_(clock),
        log_(log),
        pipeline_(assembly_.spec) {
    signals_ = std::make_shared<Signals>(*this);
    workers_max_ = kReadersMax + 4;
    for (const SinkSpec& sink : assembly_.spec.sinks) {
      workers_max_ += sink.lanes;
    }
  }
  ~ThreadRunner() override {
    signals_->close();
    abort();
    std::deque<std::jthread> workers;
    {
      const MutexLock lock(mutex_);
      ended_.wait(mutex_, [this]() REQUIRES(mutex_) { return running_workers_ == 0; });
      workers = std::move(workers_);
    }
    workers.clear();  // joins
  }

  void start() override {
    const MutexLock lock(mutex_);
    pipeline_.start(clock_.now());
    spawn();
  }
  void stop() override {
    const MutexLock lock(mutex_);
    pipeline_.stop(clock_.now());
    tell_workers();
  }
  void abort() override {
    const MutexLock lock(mutex_);
    pipeline_.abort(clock_.now());
    tell_workers();
  }
  bool wait(Duration timeout) override {
    const MutexLock lock(mutex_);
    return ended_.wait_for(mutex_, timeout, [this]() REQUIRES(mutex_) {
      return pipeline_.ended() && running_workers_ == 0;
    });
  }
  Status status() override {
    const MutexLock lock(mutex_);
    return pipeline_.status(clock_.wall(), clock_.now());
  }

 private:
  friend class Signals;
  // What to do with an answer once the lock is held again.
  using Answer = std::move_only_function<void(Pipeline&, Instant now)>;
  struct Call {  // what a worker does with one action
    Instant asked_at;
    bool read_in_full = false;  // there was more than one read takes
  };

  void spawn() REQUIRES(mutex_) {
    ++running_workers_;
    workers_.emplace_back([this] { work(); });
  }

  // Of what was asked from outside. All of them may be in calls that hang, and the time of a drain
  // is to be kept all the same.
  void tell_workers() REQUIRES(mutex_) {
    after_step();
    wake_.notify_all();
    if (resting_ == 0 && !pipeline_.ended() && workers_.size() < workers_max_) {
      spawn();
    }
  }

  void work() {
    MutexLock lock(mutex_);
    called_ = false;
    bool reads_on = false;
    while (!pipeline_.ended()) {
      pipeline_.tick(clock_.now());
      after_step();
      log_notices();
      if (pipeline_.ended()) {
        break;  // the tick was its last step: nobody would wake this worker again
      }
      std::optional<Action> action = take_action(reads_on);
      if (!action) {
        rest();
        continue;
      }
      const bool reads = std::holds_alternative<action::ReadPart>(*action);
      readers_ += reads ? 1 : 0;
      call_others();
      Call call{.asked_at = clock_.now()};
      lock.unlock();
      Answer answer = std::visit([&](auto& a) { return execute(a, call); }, *action);
      lock.lock();
      readers_ -= reads ? 1 : 0;
      answer(pipeline_, clock_.now());
      reads_on = call.read_in_full;
      after_step();
    }
    log_notices();
    --running_workers_;
    wake_.notify_all();
    ended_.notify_all();
  }

  // A part has something to read. Called by the source's own threads.
  void signalled(uint32_t part) {
    const MutexLock lock(mutex_);
    pipeline_.signalled(part, clock_.now());
    call_others();
  }

  // Who has read in full reads on, with what its core has cached, and others write; where a source
  // trickles, who has an event writes it at once.
  std::optional<Action> take_action(bool reads_on) REQUIRES(mutex_) {
    if (can_read() && (reads_on || !pipeline_.has_action())) {
      if (auto read = pipeline_.next_read(clock_.now())) {
        return read;
      }
    }
    return pipeline_.next_action();
  }
  bool can_read() const REQUIRES(mutex_) { return readers_ < kReadersMax && pipeline_.has_read(); }

  // Another worker is needed for what this one leaves, and one always rests to keep the time. One
  // is called at a time: it calls the next, and until it is awake, calling again only costs.
  void call_others() REQUIRES(mutex_) {
    const bool more = pipeline_.has_action() || can_read();
    if (called_ || (!more && pipeline_.next_timer() >= timekeeper_until_)) {
      return;
    }
    if (resting_ > 0) {
      called_ = true;
      wake_.notify_one();
    } else if (workers_.size() < workers_max_) {
      called_ = true;
      spawn();
    }
  }

  void log_notices() REQUIRES(mutex_) {
    const std::vector<Notice> notices = pipeline_.take_notices();
    if (notices.empty()) {
      return;
    }
    const MutexUnlock unlocked(mutex_);
    for (const Notice& notice : notices) {
      log_.write(notice.level, assembly_.spec.name, notice.what);
    }
  }

  // One resting worker keeps the time, the others wait to be called.
  void rest() REQUIRES(mutex_) {
    const Instant next = pipeline_.next_timer();
    if (next != Instant::never() && next < timekeeper_until_) {
      timekeeper_until_ = next;
      ++resting_;
      const Duration left = std::max(Duration{0}, next - clock_.now());
      wake_.wait_for(mutex_, left);
      timekeeper_until_ = Instant::never();
    } else {
      ++resting_;
      wake_.wait(mutex_);
    }
    --resting_;
    called_ = false;
  }

  void after_step() REQUIRES(mutex_) {
    if (pipeline_.reading_ended()) {
      stop_reading_.request_stop();
    }
    if (pipeline_.giving_up()) {
      give_up_.request_stop();
    }
    if (pipeline_.ended()) {
      end_closing_.request_stop();
    }
  }

  Answer execute(action::TakeLease&, Call& call) {
    auto result = guarded("taking the lease", [&]() -> Result<LeaseAndCheckpoint> {
      const Stop stop = stop_reading_.get_token();
      TRY(Lease lease, assembly_.checkpoint->lease(stop));
      TRY(std::optional<Checkpoint> loaded, assembly_.checkpoint->load(stop));
      return LeaseAndCheckpoint{lease, std::move(loaded)};
    });
    return
        [asked_at = call.asked_at, r = std::move(result)](Pipeline& pipeline, Instant now) mutable {
          pipeline.lease_taken(std::move(r), asked_at, now);
        };
  }
  Answer execute(action::OpenSink& open, Call&) {
    const uint32_t sink = open.sink;
    auto result = guarded("opening a sink", [&] {
      const SinkSpec& spec = assembly_.spec.sinks[sink];
      return assembly_.sinks[sink].sink->open({.pipeline = assembly_.spec.name,
                                               .sink = spec.name,
                                               .slots = spec.lanes,
                                               .selection = spec.selection},
                                              stop_reading_.get_token());
    });
    return [sink, r = std::move(result)](Pipeline& pipeline, Instant now) mutable {
      pipeline.sink_opened(sink, r, now);
    };
  }
  Answer execute(action::OpenDeadLetters&, Call&) {
    auto result = guarded("opening the dead letters", [&] {
      return assembly_.dead_letter->open(assembly_.spec.name, stop_reading_.get_token());
    });
    return [r = std::move(result)](Pipeline& pipeline, Instant now) mutable {
      pipeline.dead_letters_opened(r, now);
    };
  }
  Answer execute(action::Discover& discover, Call&) {
    auto result = guarded("looking for parts", [&] {
      return assembly_.source->parts(*discover.checkpoint, stop_reading_.get_token());
    });
    return [r = std::move(result)](Pipeline& pipeline, Instant now) mutable {
      pipeline.discovered(std::move(r), now);
    };
  }
  Answer execute(action::OpenReader& open, Call&) {
    auto result = guarded("opening a part", [&] {
      return assembly_.source->open(
          open.what, open.position,
          Signal([signals = signals_, part = open.part] { signals->ready(part); }),
          stop_reading_.get_token());
    });
    Result<> opened;
    if (result) {
      const MutexLock lock(mutex_);
      open_readers_.resize(std::max<size_t>(open_readers_.size(), open.part + 1));
      open_readers_[open.part] = *std::move(result);
    } else {
      opened = std::unexpected(std::move(result).error());
    }
    return [part = open.part, r = std::move(opened)](Pipeline& pipeline, Instant now) {
      pipeline.reader_opened(part, r, now);
    };
  }
  Answer execute(action::ReadPart& read, Call& call) {
    auto result = stage_.read(*reader(read.part), read.limits, stop_reading_.get_token());
    call.read_in_full = result && !(*result)->read.caught_up;
    return [part = read.part, r = std::move(result)](Pipeline& pipeline, Instant now) mutable {
      pipeline.read_done(part, std::move(r), now);
    };
  }
  Answer execute(action::Write& write, Call&) {
    auto result = guarded("writing", [&] {
      return assembly_.sinks[write.task->sink].sink->write(write.task->batch, give_up_.get_token());
    });
    return [task = std::move(write.task), r = std::move(result)](Pipeline& pipeline,
                                                                 Instant now) mutable {
      pipeline.written(std::move(task), std::move(r), now);
    };
  }
  Answer execute(action::WriteLetters& write, Call&) {
    for (DeadLetter& letter : write.letters) {
      letter.at = clock_.wall();
    }
    auto result = guarded("writing dead letters", [&] {
      return assembly_.dead_letter->write(write.letters, give_up_.get_token());
    });
    return [r = std::move(result)](Pipeline& pipeline, Instant now) mutable {
      pipeline.letters_written(r, now);
    };
  }
  Answer execute(action::Save& save, Call& call) {
    save.changes.at = clock_.wall();
    auto result = guarded("saving", [&] {
      return assembly_.checkpoint->save(save.changes, end_closing_.get_token());
    });
    return [asked_at = call.asked_at, r = std::move(result)](
               Pipeline& pipeline, Instant now) mutable { pipeline.saved(r, asked_at, now); };
  }
  Answer execute(action::Commit& commit, Call&) {
    auto result = guarded("committing", [&] {
      return reader(commit.part)->commit(commit.position, end_closing_.get_token());
    });
    return [part = commit.part, r = std::move(result)](Pipeline& pipeline, Instant now) mutable {
      pipeline.committed(part, r, now);
    };
  }

  Answer execute(action::CloseReader& close, Call&) {
    std::shared_ptr<Reader> reader;
    {
      const MutexLock lock(mutex_);
      reader = std::move(open_readers_[close.part]);
    }
    return [](Pipeline& pipeline, Instant now) { pipeline.reader_closed(now); };
  }
  Answer execute(action::Release&, Call&) {
    auto result = guarded("giving the lease back",
                          [&] { return assembly_.checkpoint->release(end_closing_.get_token()); });
    return [r = std::move(result)](Pipeline& pipeline, Instant now) mutable {
      pipeline.released(r, now);
    };
  }

  std::shared_ptr<Reader> reader(uint32_t part) {
    const MutexLock lock(mutex_);
    return open_readers_[part];
  }

  Assembly assembly_;
  std::shared_ptr<Signals> signals_;
  const ReadStage stage_;
  Clock& clock_;
  Log& log_;

  Mutex mutex_;
  Condition wake_;   // resting workers
  Condition ended_;  // wait() and the destructor
  Pipeline pipeline_ GUARDED_BY(mutex_);
  // By part; one may read and commit at once.
  std::vector<std::shared_ptr<Reader>> open_readers_ GUARDED_BY(mutex_);
  std::stop_source stop_reading_, give_up_, end_closing_;
  Instant timekeeper_until_ GUARDED_BY(mutex_) = Instant::never();
  size_t readers_ GUARDED_BY(mutex_) = 0;
  size_t resting_ GUARDED_BY(mutex_) = 0;
  bool called_ GUARDED_BY(mutex_) = false;  // a worker is on its way from its rest, or new
  size_t running_workers_ GUARDED_BY(mutex_) = 0;
  size_t workers_max_ = 0;
  std::deque<std::jthread> workers_ GUARDED_BY(mutex_);  // last: joined before anything above goes
};

void Signals::ready(uint32_t part) {
  const MutexLock lock(mutex_);
  if (runner_ != nullptr) {
    runner_->signalled(part);
  }
}

}  // namespace

std::unique_ptr<Runner> Runner::make(Assembly assembly, Clock& clock, Log& log) {
  return std::make_unique<ThreadRunner>(std::move(assembly), clock, log);
}

}  // namespace penstock::engine
