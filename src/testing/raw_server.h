// RawServer: takes one connection after the other, reads a request's header, says what it was told
// to, and closes. For tests of clients; owned by the test, whose thread calls it.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <thread>

#include "base/check.h"
#include "base/mutex.h"

namespace penstock {

class RawServer {
 public:
  explicit RawServer(std::string_view answer = {})
      : listener_(::socket(AF_INET, SOCK_STREAM, 0)), answer_(answer) {
    sockaddr_in address{.sin_family = AF_INET,
                        .sin_port = 0,
                        .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)},
                        .sin_zero = {}};
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    CHECK(::bind(listener_, generic, size) == 0);
    CHECK(::listen(listener_, 16) == 0);
    CHECK(::getsockname(listener_, generic, &size) == 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
    thread_ = std::jthread([this] { serve(); });
  }
  ~RawServer() {
    ::shutdown(listener_, SHUT_RDWR);  // wakes accept
    thread_.join();
    ::close(listener_);
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  const std::string& url() const { return url_; }
  void will_answer(std::string_view answer) {
    const MutexLock lock(mutex_);
    answer_ = answer;
  }
  // What it was asked last; complete when the client has its answer.
  std::string asked() const {
    const MutexLock lock(mutex_);
    return asked_;
  }

 private:
  void serve() {
    for (int peer = ::accept(listener_, nullptr, nullptr); peer >= 0;
         peer = ::accept(listener_, nullptr, nullptr)) {
      std::string asked;
      char byte = 0;
      while (!asked.ends_with("\r\n\r\n") && ::recv(peer, &byte, 1, 0) == 1) {
        asked += byte;
      }
      const MutexLock lock(mutex_);
      asked_ = asked;
      ::send(peer, answer_.data(), answer_.size(), MSG_NOSIGNAL);
      ::close(peer);
    }
  }

  int listener_;
  std::string url_;
  mutable Mutex mutex_;
  std::string answer_ GUARDED_BY(mutex_);
  std::string asked_ GUARDED_BY(mutex_);
  std::jthread thread_;
};

}  // namespace penstock
