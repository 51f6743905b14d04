// Any bytes as what a server answers: the client gives an answer or an error, in time, and keeps
// nothing of the one answer for the next.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "base/check.h"
#include "net/http_client.h"

namespace penstock::net {
namespace {

// Takes one connection after the other, reads a request's header, answers, and closes. It lives as
// long as the process.
class Server {
 public:
  Server() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
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
    std::thread([this] { serve(); }).detach();
  }
  const std::string& url() const { return url_; }
  void will_answer(std::string_view bytes) {
    const std::lock_guard guard(mutex_);
    answer_ = bytes;
  }

 private:
  void serve() {
    for (;;) {
      const int peer = ::accept(listener_, nullptr, nullptr);
      std::string asked;
      char byte = 0;
      while (!asked.ends_with("\r\n\r\n") && ::recv(peer, &byte, 1, 0) == 1) {
        asked += byte;
      }
      const std::lock_guard guard(mutex_);
      ::send(peer, answer_.data(), answer_.size(), MSG_NOSIGNAL);
      ::close(peer);
    }
  }

  int listener_;
  std::string url_;
  std::mutex mutex_;  // guards answer_
  std::string answer_;
};

void run(std::string_view bytes) {
  static Server& server = *new Server;  // its thread is never joined
  static const std::unique_ptr<HttpClient> client = HttpClient::make();
  server.will_answer(bytes);
  ClientRequest request;
  request.method = "GET";
  request.url = server.url();
  request.deadline = 5s;
  const auto answer = client->send(request, {});
  if (answer) {
    CHECK(answer->status >= 0 && answer->status / 100 != 1);
    CHECK(answer->body.size() <= bytes.size());
  } else {
    CHECK(answer.error().kind == Error::Kind::transient);
  }
}

}  // namespace
}  // namespace penstock::net

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  penstock::net::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
