#include "base/stdio.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>

namespace penstock {

namespace {

constexpr int kSliceMs = 100;  // the longest wait that does not look at the stop token

// Blocks SIGPIPE for this thread and takes a pending one away, so that a closed pipe is an error of
// write() whatever the program does with signals.
class PipeSignalGuard {
 public:
  PipeSignalGuard() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~PipeSignalGuard() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  PipeSignalGuard(const PipeSignalGuard&) = delete;
  PipeSignalGuard& operator=(const PipeSignalGuard&) = delete;
  void take() const {
    const timespec now = {};
    sigtimedwait(&pipe_, nullptr, &now);
  }

 private:
  sigset_t pipe_;
  sigset_t before_;
};

// How many bytes a blocking write can take at once without waiting for a reader. A pipe that polls
// as writable has room for PIPE_BUF; an empty one for all its size.
size_t room(int descriptor) {
  struct stat status = {};
  if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) {
    return SSIZE_MAX;
  }
  int waiting = 0;
  const int size = fcntl(descriptor, F_GETPIPE_SZ);
  if (size > 0 && ioctl(descriptor, FIONREAD, &waiting) == 0 && waiting == 0) {
    return static_cast<size_t>(size);
  }
  return PIPE_BUF;
}

}  // namespace

Result<Stdio::Input> Stdio::read(std::span<char> into, Duration wait, Stop stop) {
  const auto wait_ms = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  int64_t left = std::max<int64_t>(0, wait_ms);
  while (true) {
    if (stop.stop_requested()) {
      return Input{};
    }
    const int slice = static_cast<int>(std::min<int64_t>(left, kSliceMs));
    pollfd entry = {input_, POLLIN, 0};
    const int ready = poll(&entry, 1, slice);
    if (ready < 0 && errno != EINTR) {
      return fatal(fmt::format("wait for standard input: {}", std::strerror(errno)));
    }
    if (ready <= 0) {
      left -= slice;
      if (left <= 0) {
        return Input{};
      }
      continue;
    }
    const ssize_t got = ::read(input_, into.data(), into.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
      continue;
    }
    if (got < 0) {
      return fatal(fmt::format("read standard input: {}", std::strerror(errno)));
    }
    return Input{static_cast<size_t>(got), got == 0};
  }
}

// False: it may come later.
Result<bool> Stdio::wait_for_room(Clock& clock, Instant deadline, const Stop& stop) const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock.now()).count();
  pollfd entry = {output_, POLLOUT, 0};
  const int slice = static_cast<int>(std::clamp<int64_t>(left, 0, kSliceMs));
  const bool ready = poll(&entry, 1, slice) > 0;
  if (!ready && stop.stop_requested()) {
    return fail(Error::Kind::cancelled, "write standard output: stopped while its reader waits");
  }
  if (left <= 0) {
    return transient("write standard output: its reader did not take it before the deadline");
  }
  return ready;
}

// 0: tried again.
Result<size_t> Stdio::write_some(std::string_view bytes) const {
  const PipeSignalGuard guard;
  const ssize_t put = ::write(output_, bytes.data(), std::min(bytes.size(), room(output_)));
  if (put >= 0) {
    return static_cast<size_t>(put);
  }
  if (errno == EINTR || errno == EAGAIN) {
    return size_t{0};
  }
  if (errno == EPIPE) {
    guard.take();
    return fatal("write standard output: its reader has closed the pipe");
  }
  if (errno == ENOSPC || errno == EDQUOT) {
    return transient("write standard output: disk full; free some space");
  }
  return fatal(fmt::format("write standard output: {}", std::strerror(errno)));
}

Stdio::Output Stdio::write(std::string_view bytes, Clock& clock, Instant deadline, Stop stop) {
  Output output;
  while (output.size < bytes.size()) {
    const Result<bool> room = wait_for_room(clock, deadline, stop);
    const Result<size_t> put = room && *room ? write_some(bytes.substr(output.size)) : size_t{0};
    if (!room || !put) {
      output.outcome = std::unexpected(room ? put.error() : room.error());
      return output;
    }
    output.size += *put;
  }
  return output;
}

}  // namespace penstock
