// RawClient, for tests of servers. One thread.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock {

// A client that says exactly what the test wants it to say.
class RawClient {
 public:
  static constexpr std::string_view kNothing = "<nothing for 5 s>";

  explicit RawClient(const std::string& address) {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return connected_; }
  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t put = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put <= 0) {
        return;
      }
      bytes.remove_prefix(static_cast<size_t>(put));
    }
  }
  // It may close a thousand times a second: the port is free at once.
  void leave_no_port_behind() const {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  void finish_sending() const { ::shutdown(socket_, SHUT_WR); }
  // Reads until `text` was seen or the peer closes; five seconds at most.
  std::string read_until(std::string_view text) const {
    std::string got;
    while (text.empty() || got.find(text) == std::string::npos) {
      pollfd waiting{.fd = socket_, .events = POLLIN, .revents = 0};
      if (::poll(&waiting, 1, 5000) <= 0) {
        return got.append(kNothing);
      }
      char bytes[4096];
      const ssize_t size = ::recv(socket_, bytes, sizeof bytes, 0);
      if (size <= 0) {
        return got;
      }
      got.append(bytes, static_cast<size_t>(size));
    }
    return got;
  }
  std::string read_all() const { return read_until(""); }

 private:
  int socket_;
  bool connected_ = false;
};

}  // namespace penstock
