// HttpSinkFixture: the half of a SinkFixture that is the same for all services that are called by
// HTTP: their faults. A fixture derives from it, gives it the fake service, and adds what is the
// service's own. One thread; the service runs on the server's.
#pragma once

#include <chrono>
#include <memory>
#include <utility>

#include "testing/faulty_server.h"
#include "testing/refusing_encoder.h"
#include "testing/sink_contract.h"
#include "testing/test_context.h"

namespace penstock::contract {

class HttpSinkFixture : public SinkFixture {
 public:
  // Of a service that throttles by 429 and Retry-After.
  explicit HttpSinkFixture(FaultyServer::Service service) : server_(std::move(service)) {
    context_.use_network();
  }
  void fail() override { server_.fail(503); }
  void lose_answers() override { server_.lose_answers(); }
  void throttle(std::chrono::seconds wait) override { server_.throttle(wait); }
  void hang() override {
    requests_before_ = server_.server().requests().size();
    server_.hang();
  }
  bool await_hanging() override { return server_.server().await_requests(requests_before_ + 1); }
  void mend() override { server_.mend(); }

 protected:
  const std::string& url() const { return server_.url(); }
  RefusingEncoder& encoder() { return *encoder_; }
  Context context() {
    Context context = context_.context();
    context.encoder = encoder_;
    return context;
  }

 private:
  std::shared_ptr<RefusingEncoder> encoder_ = std::make_shared<RefusingEncoder>();
  TestContext context_;
  size_t requests_before_ = 0;
  FaultyServer server_;
};

}  // namespace penstock::contract
