// Amazon Firehose's API, without sockets: requests read, answers written. An Api is used by any
// thread; what it parses into belongs to the caller.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "inbox/frame.h"
#include "inbox/order.h"
#include "net/http_server.h"

namespace penstock::firehose {

inline constexpr size_t kRecordsMax = 500;
inline constexpr size_t kBatchBytesMax = size_t{4} << 20;      // decoded
inline constexpr size_t kRecordBytesMax = size_t{1000} << 10;  // decoded

struct Refusal {  // as Amazon words it
  int status = 400;
  std::string type;  // "ValidationException"
  std::string message;
};
struct Put {
  inbox::FrameWriter frame;
  bool batch = false;
};
using Parsed = std::variant<Put, net::HttpAnswer, Refusal>;

class Api {
 public:
  // streams: the names that exist; empty: any.
  explicit Api(std::vector<std::string> streams);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  // A put to keep, or an answer that needs no keeping, or what is wrong.
  Parsed parse(const net::HttpRequest& request, Timestamp at);

  struct Parser;

 private:
  Parsed parse_body(std::string_view operation, const net::HttpRequest& request, Timestamp at,
                    Parser& parser) const;

  const std::vector<std::string> streams_;
  Mutex mutex_;
  std::vector<std::unique_ptr<Parser>> idle_ GUARDED_BY(mutex_);  // their buffers are worth keeping
};

net::HttpAnswer answer_put(inbox::Place first, uint32_t records, bool batch);
net::HttpAnswer answer_refusal(const Refusal& refusal);
// What the server itself refuses: a body that is too large, any request during a drain.
net::HttpAnswer answer_server_refusal(int status, std::string_view why);

}  // namespace penstock::firehose
