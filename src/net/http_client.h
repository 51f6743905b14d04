// HttpClient: HTTP/1.1 requests with a deadline, connections kept alive in a pool. With https the
// server's certificate and name are verified, always. Any thread.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/tls_files.h"

namespace penstock::net {

struct ClientRequest {
  std::string method = "POST";
  std::string url;  // http:// or https://
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  Duration deadline = 30s;
  TlsFiles tls = {};  // read again after a failure, so that they may be replaced
};

struct ClientAnswer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
};

// `fatal` for what cannot be sent as a header.
Result<> check_header(std::string_view name, std::string_view value);

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // Any complete HTTP answer is a success here, whatever its status; all else is `transient`
  // (`fatal` for an unusable url, `cancelled` within 1 s after stop).
  virtual Result<ClientAnswer> send(const ClientRequest& request, Stop stop) = 0;
  // `fatal` when the files cannot be used, with what is wrong with which.
  virtual Result<> check(const TlsFiles& /*files*/) { return {}; }
  static std::unique_ptr<HttpClient> make();
};

}  // namespace penstock::net
