// ScriptedServer: a real HTTP/1.1 server on loopback, at a port of its own, that answers from a
// script and keeps what it was asked. It can do what no well-behaved server does: hold an answer
// back, cut it, or close without one. Owned by the test; any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/http_server.h"

namespace penstock {

struct Reply {
  enum class How : uint8_t {
    whole,
    cut,   // closes in the middle of the answer
    none,  // closes without a word, having read the request
  } how = How::whole;
  net::HttpAnswer answer = {};
  bool held = false;  // until release()
};

class ScriptedServer {
 public:
  // Called by the server's threads, one at a time.
  using Script = std::function<Reply(const net::HttpRequest&)>;
  // Where `script` is empty every request is answered by 200 and nothing.
  explicit ScriptedServer(Script script = {});
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  const std::string& url() const { return url_; }  // "http://127.0.0.1:43211"
  // The next requests are answered by these, in this order; only then is the script asked.
  void next(Reply reply);
  std::vector<net::HttpRequest> requests() const;
  // Waits until there were so many requests; false after 10 s.
  bool await_requests(size_t count) const;
  // The replies that are held now go out.
  void release();

 private:
  struct Peer {
    bool done = false;
    std::jthread thread;
  };
  void accept_all();
  void serve(int socket);
  struct Planned {
    Reply reply;
    uint64_t releases_before = 0;  // when the request was noted
  };
  Planned plan_for(const net::HttpRequest& request);
  bool await_release(const Planned& planned);  // false: the server closes

  int listener_;
  std::string url_;
  const Script script_;
  std::mutex script_mutex_;  // held while the script runs, so that it needs no lock of its own

  mutable std::mutex mutex_;  // guards what follows, but the thread
  mutable std::condition_variable changed_;
  std::deque<Reply> next_;
  std::vector<net::HttpRequest> requests_;
  uint64_t releases_ = 0;
  bool closing_ = false;
  std::map<int, Peer> peers_;  // by socket
  std::jthread accepting_;
};

}  // namespace penstock
