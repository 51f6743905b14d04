#include "testing/faulty_server.h"

#include <utility>

namespace penstock {

FaultyServer::FaultyServer(Service service)
    : service_(std::move(service)),
      server_([this](const net::HttpRequest& request) { return reply_to(request); }) {}

void FaultyServer::set(Fault fault) {
  const std::lock_guard guard(mutex_);
  fault_ = fault;
}

void FaultyServer::fail(int status) {
  const std::lock_guard guard(mutex_);
  fault_ = Fault::refused;
  refusal_ = {.status = status, .body = R"({"message":"a fault"})", .headers = {}};
}

void FaultyServer::throttle(std::chrono::seconds wait) {
  const std::lock_guard guard(mutex_);
  fault_ = Fault::refused;
  refusal_ = {.status = 429,
              .body = R"({"message":"slow down"})",
              .headers = {{"Retry-After", std::to_string(wait.count())}}};
}

void FaultyServer::hang() {
  set(Fault::hanging);
}

void FaultyServer::fail_partly(Service partly) {
  const std::lock_guard guard(mutex_);
  fault_ = Fault::partial;
  partly_ = std::move(partly);
}

void FaultyServer::lose_answers() {
  set(Fault::lost);
}

void FaultyServer::cut_answers() {
  set(Fault::cut);
}

void FaultyServer::slow() {
  set(Fault::slow);
}

void FaultyServer::mend() {
  set(Fault::nothing);
  server_.release();
}

Reply FaultyServer::reply_to(const net::HttpRequest& request) {
  Fault fault;
  net::HttpAnswer refusal;
  Service partly;
  {
    const std::lock_guard guard(mutex_);
    fault = fault_;
    refusal = refusal_;
    partly = partly_;
  }
  switch (fault) {
    case Fault::refused:
      return {.answer = std::move(refusal)};
    case Fault::hanging:
      return {.how = Reply::How::none, .held = true};
    case Fault::partial:
      return {.answer = partly(request)};
    case Fault::nothing:
    case Fault::lost:
    case Fault::cut:
    case Fault::slow:
      break;
  }
  Reply reply{.answer = service_(request)};
  reply.how = fault == Fault::lost  ? Reply::How::none
              : fault == Fault::cut ? Reply::How::cut
                                    : Reply::How::whole;
  reply.held = fault == Fault::slow;
  return reply;
}

}  // namespace penstock
