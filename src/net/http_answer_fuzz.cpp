// Any bytes as what a server answers: the client gives an answer or a transient error, in time.
#include "base/check.h"
#include "net/http_client.h"
#include "testing/raw_server.h"

namespace penstock::net {
namespace {

void run(std::string_view bytes) {
  static RawServer server;
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
