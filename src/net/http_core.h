// The inside of the HTTP server: its threads (Core) and its connections (Session). For the files
// of this folder only, because it includes Boost.Beast.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "net/http_server.h"

namespace penstock::net::server {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Failure = beast::error_code;

// As http::string_body, with room for the padding from the start.
struct PaddedBody {
  static constexpr size_t kPadding = 64;
  using value_type = std::string;
  class reader {
   public:
    template <bool is_request, class Fields>
    reader(http::header<is_request, Fields>&, value_type& body) : body_(body) {}
    void init(const boost::optional<uint64_t>& length, Failure& failure) {
      failure = {};
      if (length) {  // already checked against the body limit
        body_.reserve(static_cast<size_t>(*length) + kPadding);
      }
    }
    template <class Buffers>
    size_t put(const Buffers& buffers, Failure& failure) {
      failure = {};
      size_t done = 0;
      for (const auto buffer : beast::buffers_range_ref(buffers)) {
        body_.append(static_cast<const char*>(buffer.data()), buffer.size());
        done += buffer.size();
      }
      return done;
    }
    void finish(Failure& failure) {
      failure = {};
      body_.reserve(body_.size() + kPadding);
    }

   private:
    value_type& body_;
  };
  static uint64_t size(const value_type& body) { return body.size(); }
};
using Parser = http::request_parser<PaddedBody>;

struct Listening {  // what a listener and its sessions share
  ListenOptions options;
  Handler handler;
  Mutex mutex;
  Condition left;
  bool closed GUARDED_BY(mutex) = false;
  uint32_t running GUARDED_BY(mutex) = 0;  // handlers
  uint32_t connections GUARDED_BY(mutex) = 0;
  std::atomic<size_t> body_bytes = 0;  // of the requests that are not answered yet, as announced

  bool enter() {
    const MutexLock lock(mutex);
    if (closed) {
      return false;
    }
    ++running;
    return true;
  }
  void leave() {
    const MutexLock lock(mutex);
    --running;
    left.notify_all();
  }
};

struct Session;
using SessionPtr = std::shared_ptr<Session>;

// The threads and what runs on them. Owned by the server and its listeners; an answer that comes
// after the server's end finds it gone or stopped, and does nothing.
class Core {
 public:
  explicit Core(unsigned threads) : thread_count_(std::max(threads, 1U)) {}
  ~Core() { shutdown(); }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  asio::io_context& start();
  asio::io_context& io() { return *io_; }  // after start()
  void shutdown();
  bool add(const SessionPtr& session);
  void remove(const SessionPtr& session);
  std::vector<SessionPtr> sessions(const Listening* listening);

 private:
  using Guard = asio::executor_work_guard<asio::io_context::executor_type>;
  const unsigned thread_count_;
  Mutex mutex_;
  Condition removed_;
  bool over_ GUARDED_BY(mutex_) = false;
  std::unique_ptr<asio::io_context> io_;  // set once, by start()
  std::optional<Guard> guard_ GUARDED_BY(mutex_);
  std::vector<std::jthread> threads_ GUARDED_BY(mutex_);
  std::map<Session*, SessionPtr> sessions_ GUARDED_BY(mutex_);  // destroyed before io_
};

// One connection. Runs on its own strand, one request after the other; requests that were sent
// ahead wait in the buffer.
struct Session {
  static constexpr size_t kReadAhead = size_t{64} << 10;
  enum class State { idle, reading, waiting, writing, lingering };

  Session(tcp::socket socket, std::shared_ptr<Listening> where, std::weak_ptr<Core> owner)
      : stream(std::move(socket)),
        listening(std::move(where)),
        core(std::move(owner)),
        buffer(listening->options.header_bytes_max + 2 * kReadAhead) {}
  ~Session() { release_body(); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Room for the body that the header announces.
  bool take_room(size_t size) {
    body_room = size;
    if (listening->body_bytes.fetch_add(size) + size <= listening->options.bodies_bytes_max) {
      return true;
    }
    release_body();
    return false;
  }
  void release_body() { listening->body_bytes -= std::exchange(body_room, 0); }

  beast::tcp_stream stream;
  std::shared_ptr<Listening> listening;
  std::weak_ptr<Core> core;
  beast::flat_buffer buffer;
  std::optional<Parser> parser;
  State state = State::idle;
  bool closing = false;
  bool keep_alive = false;
  bool is_head = false;
  std::string head;  // of the answer being written
  std::string body;
  size_t lingered = 0;
  size_t body_room = 0;  // its share of listening->body_bytes
};

// Begins with the first request of a new connection. On the session's strand, as all that follows.
void wait_for_request(const SessionPtr& self);
// Ends an idle connection now, any other one after its answer. Any thread.
void close_softly(const SessionPtr& self);

}  // namespace penstock::net::server
