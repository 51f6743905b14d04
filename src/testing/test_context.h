// TestContext: a Context for tests of components: the real clock and disk, no log lines, and no
// network unless it is asked for. Owned by the test; one thread.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "core/context.h"
#include "net/http_client.h"
#include "net/http_server.h"

namespace penstock {

class TestContext {
 public:
  explicit TestContext(std::string where = "pipeline/component") : where_(std::move(where)) {}

  Context context() { return with(files_); }
  Context with(Files& files) {
    return {clock_, log_, files, *http_, *server_, metrics_, shared_, where_, 1, nullptr};
  }
  const Metrics& metrics() const { return metrics_; }
  SystemFiles& files() { return files_; }
  // From now on contexts have a real client and a real server, on loopback.
  void use_network() {
    http_ = net::HttpClient::make();
    server_ = net::HttpServer::make();
  }

 private:
  class NoHttp final : public net::HttpClient {
    Result<net::ClientAnswer> send(const net::ClientRequest&, Stop) override {
      return fatal("a test without network sent a request");
    }
  };
  class NoServer final : public net::HttpServer {
    Result<std::unique_ptr<net::HttpListener>> listen(const std::string&, const net::ListenOptions&,
                                                      net::Handler) override {
      return fatal("a test without network opened a listener");
    }
  };

  SystemClock clock_;
  NullLog log_;
  SystemFiles files_;
  std::unique_ptr<net::HttpClient> http_ = std::make_unique<NoHttp>();
  std::unique_ptr<net::HttpServer> server_ = std::make_unique<NoServer>();
  Metrics metrics_;
  Shared shared_;
  std::string where_;
};

}  // namespace penstock
