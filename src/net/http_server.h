// HttpServer: HTTP/1.1 listeners on loopback with a small pool of threads of its own. A handler
// gets a whole request and answers later, from any thread, through its Responder: waiting for
// durability holds no thread. All sizes, times and connection counts are bounded.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace penstock::net {

struct HttpRequest {
  std::string method;
  std::string target;                                        // path and query as sent
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;  // followed by at least 64 readable bytes (SIMD parsers)
  std::string_view header(std::string_view name) const;  // "" when absent
};

struct HttpAnswer {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// Called once, from any thread, also after the server is gone (then it does nothing).
using Responder = std::function<void(HttpAnswer)>;
using Handler = std::function<void(HttpRequest, Responder)>;

struct ListenOptions {
  size_t body_bytes_max = size_t{16} << 20;
  size_t bodies_bytes_max = size_t{128} << 20;  // of all requests that are not answered yet
  size_t header_bytes_max = size_t{32} << 10;
  uint32_t connections_max = 1000;
  Duration idle_max = 60s;
  // Words the server's own refusals (too large, no HTTP, shutting down); unset: {"message": why}.
  // Called by the server's threads.
  std::function<HttpAnswer(int status, std::string_view why)> refusal = {};
};

class HttpListener {  // closes when destroyed; no handler runs after that
 public:
  virtual ~HttpListener() = default;
  virtual std::string address() const = 0;  // "127.0.0.1:43211", the port that was taken
};

class HttpServer {
 public:
  virtual ~HttpServer() = default;
  // "127.0.0.1:8687", "[::1]:0", "localhost:80"; anything beyond loopback is refused (fatal), a
  // port in use too, and both texts name the address.
  virtual Result<std::unique_ptr<HttpListener>> listen(const std::string& address,
                                                       const ListenOptions& options,
                                                       Handler handler) = 0;
  static std::unique_ptr<HttpServer> make(unsigned threads = 1);
};

}  // namespace penstock::net
