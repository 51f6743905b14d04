#include "cli/signals.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace penstock::cli {

Signals::Signals() {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGINT);
  sigaddset(&wanted, SIGTERM);
  struct sigaction hangup{};
  if (::sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN) {
    sigaddset(&wanted, SIGHUP);  // under nohup it stays ignored
  }
  ::pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
  descriptor_ = ::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
  // A reader that went away is an error of write(), which names it, and no reason to die.
  ::signal(SIGPIPE, SIG_IGN);
}

Signals::~Signals() {
  ::close(descriptor_);
}

int Signals::take() {
  signalfd_siginfo info[8];
  const ssize_t size = ::read(descriptor_, info, sizeof info);
  return size > 0 ? static_cast<int>(static_cast<size_t>(size) / sizeof info[0]) : 0;
}

int Signals::wait(Duration time) {
  pollfd waiting{.fd = descriptor_, .events = POLLIN, .revents = 0};
  const auto millis = std::chrono::ceil<std::chrono::milliseconds>(time).count();
  (void)::poll(&waiting, 1, static_cast<int>(millis));  // take() looks, whatever it says
  return take();
}

}  // namespace penstock::cli
