// BatchRequests: a batch cut into the requests of a service that takes many records at once, and
// what it answers of each brought back to the events. What is left to a sink: one item's text, the
// sending of one request, and the meaning of an answer. Owned by one write(); one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/codec.h"
#include "core/sink.h"

namespace penstock {

// Bytes are as the service counts them, which need not be those of the body.
struct RequestLimits {
  uint32_t items = 500;
  size_t bytes = SIZE_MAX;       // of all items of a request, with both overheads
  size_t item_bytes = SIZE_MAX;  // of one item, with its overhead
  size_t overhead_bytes = 0;     // of a request
  size_t item_overhead_bytes = 0;
};

// What stands in a body around the items.
struct RequestFrame {
  std::string_view begin = {};
  std::string_view between = {};
  std::string_view end = {};
};

struct BatchRequest {
  std::string body;
  std::vector<uint32_t> indices;  // into Batch::events: of its items, ascending
};

// Appends the event as it stands in a body, and says how many bytes of it count. An error is one of
// this event alone.
using AppendItem = std::function<Result<size_t>(const Event& event, std::string& body)>;
// The record as the encoder writes it, each of its bytes counted.
AppendItem append_encoded(const Encoder& encoder);

// `rejected` becomes a failure of the event; every other error is one of the whole write.
Result<> note(Result<> outcome, uint32_t index, std::vector<Failure>& failures);

class BatchRequests {
 public:
  // All of it is used until the last call.
  BatchRequests(const Batch& batch, const RequestLimits& limits, const RequestFrame& frame,
                AppendItem append_item);

  // The next request, in place of what was in `request`; false: there is none. A batch repeats no
  // order key, so requests may be sent in any order, several at once too.
  bool next(BatchRequest& request);
  // Every event of the batch is in this request, but for those that cannot be sent.
  bool is_all(const BatchRequest& request) const { return request.indices.size() == left_; }
  // Makes two requests of a refused one, so that one bad item does not take the others with it.
  void halve(const BatchRequest& request);
  // What the service says of items: `index` counts within the request. False: it names an item that
  // is not there, so nothing is known of any.
  bool fail_items(const BatchRequest& request, std::vector<Failure> items);
  void fail_all(const BatchRequest& request, const Error& error);
  // What was not given out yet will not be sent either.
  void fail_rest(const Error& error);
  std::vector<Failure> take_failures();  // ascending

 private:
  struct Range {  // of Batch::events
    uint32_t begin;
    uint32_t end;
  };
  void fail(uint32_t index, Error error);

  const Batch& batch_;
  const RequestLimits limits_;
  const RequestFrame frame_;
  const AppendItem append_item_;
  std::vector<Range> ranges_;  // not given out; the last is the next
  std::vector<bool> failed_;   // by index
  size_t left_;                // how many have not failed
  std::vector<Failure> failures_;
};

// One request sent: what the service says of items, counted within the request; an error is one of
// the whole request.
using SendRequest = std::function<Result<std::vector<Failure>>(BatchRequest& request)>;

// The whole of a write: every request sent, one after the other, every answer brought back. An
// error of the only request is the error of the write (the engine looks for the culprit of a
// refusal); of several it is that of each event in it, so that nothing durable is sent again.
Result<std::vector<Failure>> write_requests(BatchRequests& requests, const SendRequest& send);

}  // namespace penstock
