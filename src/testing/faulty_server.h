// FaultyServer: a fake service behind a real server, and what goes wrong between it and a client.
// The service itself is a function that changes its own state and answers; the faults stand around
// it. Owned by the test; faults may be changed by any thread and hold until mend().
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>

#include "testing/scripted_server.h"

namespace penstock {

class FaultyServer {
 public:
  // The service. Called by the server's threads, one at a time.
  using Service = std::function<net::HttpAnswer(const net::HttpRequest&)>;
  explicit FaultyServer(Service service);

  const std::string& url() const { return server_.url(); }
  const ScriptedServer& server() const { return server_; }

  // Faults before the service: it does not see the request.
  void fail(int status);                     // as a gateway that finds no service
  void throttle(std::chrono::seconds wait);  // 429 with Retry-After
  void hang();                               // no answer at all
  // Some of a request fail: answered by `partly`, in the service's own words, in its place.
  void fail_partly(Service partly);
  // Faults behind the service, which has done what was asked.
  void lose_answers();  // the connection is closed without an answer
  void cut_answers();   // it is closed in the middle of the answer
  void slow();          // the answer comes with mend()
  // As it should be again; what was held goes out.
  void mend();

 private:
  enum class Fault : uint8_t { nothing, refused, hanging, partial, lost, cut, slow };
  void set(Fault fault);
  Reply reply_to(const net::HttpRequest& request);

  const Service service_;
  std::mutex mutex_;  // guards what follows, but the server
  Fault fault_ = Fault::nothing;
  net::HttpAnswer refusal_;
  Service partly_;
  ScriptedServer server_;  // last: its threads use all of the above
};

}  // namespace penstock
