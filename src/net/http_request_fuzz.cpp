// Any bytes as what a client sends: the server answers each request that it takes, or closes; it
// does not wait for a client that has said all.
#include "base/check.h"
#include "net/http_server.h"
#include "testing/raw_client.h"

namespace penstock::net {
namespace {

class Server {
 public:
  Server() {
    auto listener =
        server_->listen("127.0.0.1:0", {.body_bytes_max = 1000, .header_bytes_max = 1000},
                        [](const HttpRequest& request, const Responder& respond) {
                          CHECK(request.body.size() <= 1000);
                          respond({.body = request.body, .headers = {}});
                        });
    CHECK(listener.has_value());
    listener_ = std::move(*listener);
  }
  std::string address() const { return listener_->address(); }

 private:
  std::unique_ptr<HttpServer> server_ = HttpServer::make();
  std::unique_ptr<HttpListener> listener_;
};

void run(std::string_view bytes) {
  static const Server server;
  const RawClient client(server.address());
  CHECK(client.connected());
  client.leave_no_port_behind();
  client.send(bytes);
  client.finish_sending();
  std::string answers = client.read_all();
  while (answers.ends_with(RawClient::kNothing)) {  // libFuzzer says when it takes too long
    answers.resize(answers.size() - RawClient::kNothing.size());
    answers += client.read_all();
  }
  CHECK(answers.empty() || answers.starts_with("HTTP/1.1 "));
}

}  // namespace
}  // namespace penstock::net

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  penstock::net::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
