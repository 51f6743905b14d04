#include "testing/scripted_server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/check.h"

namespace penstock {

namespace {

constexpr size_t kPadding = 64;                         // readable behind a body
constexpr size_t kRequestBytesMax = size_t{256} << 20;  // far more than any test sends

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return out;
}

std::string_view trimmed(std::string_view text) {
  const size_t first = std::min(text.find_first_not_of(' '), text.size());
  return text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

// Bytes of one connection: what was received beyond a request stays for the next one.
class Incoming {
 public:
  explicit Incoming(int socket) : socket_(socket) {}

  // nullopt: the peer closed, or speaks no HTTP.
  std::optional<net::HttpRequest> next() {
    size_t head_end = 0;
    while ((head_end = bytes_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) {
        return std::nullopt;
      }
    }
    net::HttpRequest request = parse_head(std::string_view(bytes_).substr(0, head_end + 2));
    size_t size = 0;
    const std::string_view length = request.header("content-length");
    std::from_chars(length.data(), length.data() + length.size(), size);
    bytes_.erase(0, head_end + 4);
    while (bytes_.size() < size) {
      if (!receive()) {
        return std::nullopt;
      }
    }
    request.body.reserve(size + kPadding);
    request.body.assign(bytes_, 0, size);
    bytes_.erase(0, size);
    return request;
  }

 private:
  static net::HttpRequest parse_head(std::string_view head) {
    net::HttpRequest request;
    const std::string_view first = head.substr(0, head.find("\r\n"));
    const size_t method_end = first.find(' ');
    const size_t target_end = first.rfind(' ');
    request.method = first.substr(0, method_end);
    if (target_end != method_end) {
      request.target = first.substr(method_end + 1, target_end - method_end - 1);
    }
    for (size_t at = first.size() + 2; at < head.size();) {
      const std::string_view line = head.substr(at, head.find("\r\n", at) - at);
      const size_t colon = std::min(line.find(':'), line.size());
      request.headers.emplace_back(lower(line.substr(0, colon)),
                                   trimmed(line.substr(std::min(colon + 1, line.size()))));
      at += line.size() + 2;
    }
    return request;
  }

  bool receive() {
    char piece[16384];
    const ssize_t got = ::recv(socket_, piece, sizeof piece, 0);
    if (got <= 0 || bytes_.size() > kRequestBytesMax) {
      return false;
    }
    bytes_.append(piece, static_cast<size_t>(got));
    return true;
  }

  int socket_;
  std::string bytes_;
};

std::string text_of(const net::HttpAnswer& answer) {
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) +
                     " Scripted\r\nContent-Type: " + answer.content_type +
                     "\r\nContent-Length: " + std::to_string(answer.body.size()) + "\r\n";
  for (const auto& [name, value] : answer.headers) {
    text += name + ": " + value + "\r\n";
  }
  return text + "\r\n" + answer.body;
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return true;
}

}  // namespace

ScriptedServer::ScriptedServer(Script script)
    : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), script_(std::move(script)) {
  sockaddr_in address{.sin_family = AF_INET,
                      .sin_port = 0,
                      .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)},
                      .sin_zero = {}};
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  CHECK(::bind(listener_, generic, size) == 0);
  CHECK(::listen(listener_, 64) == 0);
  CHECK(::getsockname(listener_, generic, &size) == 0);
  url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  accepting_ = std::jthread([this] { accept_all(); });
}

ScriptedServer::~ScriptedServer() {
  std::map<int, Peer> peers;
  {
    const std::lock_guard guard(mutex_);
    closing_ = true;
    ::shutdown(listener_, SHUT_RDWR);  // wakes accept
    for (const auto& [socket, peer] : peers_) {
      ::shutdown(socket, SHUT_RDWR);  // wakes recv and send
    }
  }
  changed_.notify_all();
  accepting_.join();
  {
    const std::lock_guard guard(mutex_);
    peers = std::exchange(peers_, {});
  }
  for (auto& [socket, peer] : peers) {
    peer.thread.join();
    ::close(socket);
  }
  ::close(listener_);
}

void ScriptedServer::next(Reply reply) {
  const std::lock_guard guard(mutex_);
  next_.push_back(std::move(reply));
}

std::vector<net::HttpRequest> ScriptedServer::requests() const {
  const std::lock_guard guard(mutex_);
  return requests_;
}

bool ScriptedServer::await_requests(size_t count) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, 10s, [&] { return requests_.size() >= count; });
}

void ScriptedServer::release() {
  {
    const std::lock_guard guard(mutex_);
    ++releases_;
  }
  changed_.notify_all();
}

void ScriptedServer::accept_all() {
  while (true) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) {
      return;
    }
    const std::lock_guard guard(mutex_);
    if (closing_) {
      ::close(socket);
      return;
    }
    // A connection that has ended keeps its number until here, so that no other can have it.
    std::erase_if(peers_, [](auto& entry) {
      const bool done = entry.second.done;
      if (done) {
        ::close(entry.first);  // its thread is joined, and touches nothing any more
      }
      return done;
    });
    peers_[socket].thread = std::jthread([this, socket] { serve(socket); });
  }
}

void ScriptedServer::serve(int socket) {
  Incoming incoming(socket);
  while (const auto request = incoming.next()) {
    const Planned planned = plan_for(*request);
    const Reply& reply = planned.reply;
    if (!await_release(planned) || reply.how == Reply::How::none) {
      break;
    }
    std::string text = text_of(reply.answer);
    if (reply.how == Reply::How::cut) {
      text.resize(text.size() / 2);
    }
    if (!send_all(socket, text) || reply.how == Reply::How::cut) {
      break;
    }
  }
  ::shutdown(socket, SHUT_RDWR);
  const std::lock_guard guard(mutex_);
  peers_[socket].done = true;
}

ScriptedServer::Planned ScriptedServer::plan_for(const net::HttpRequest& request) {
  std::optional<Reply> reply;
  {
    const std::lock_guard guard(mutex_);
    if (!next_.empty()) {
      reply = std::move(next_.front());
      next_.pop_front();
    }
  }
  if (!reply) {
    const std::lock_guard guard(script_mutex_);
    reply = script_ ? script_(request) : Reply{};
  }
  Planned planned{.reply = *std::move(reply)};
  {
    const std::lock_guard guard(mutex_);
    requests_.push_back(request);
    planned.releases_before = releases_;
  }
  changed_.notify_all();
  return planned;
}

bool ScriptedServer::await_release(const Planned& planned) {
  std::unique_lock lock(mutex_);
  changed_.wait(
      lock, [&] { return !planned.reply.held || closing_ || releases_ > planned.releases_before; });
  return !closing_;
}

}  // namespace penstock
