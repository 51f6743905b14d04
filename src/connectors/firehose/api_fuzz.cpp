#include <algorithm>
#include "base/check.h"
#include "base/utf8.h"
#include "connectors/firehose/api.h"

// The first byte picks the operation.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock;
  static constexpr std::string_view kOperations[] = {"PutRecord", "PutRecordBatch",
                                                     "DescribeDeliveryStream", "Other"};
  static firehose::Api api({});
  if (size == 0) {
    return 0;
  }
  net::HttpRequest request{
      .method = "POST",
      .target = "/",
      .headers = {{"x-amz-target", "Firehose_20150804." + std::string(kOperations[data[0] % 4])},
                  {"content-type", "application/x-amz-json-1.1"}},
      .body = {}};
  request.body.reserve(size + 64);
  request.body.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto parsed = api.parse(request, {});
  if (auto* put = std::get_if<firehose::Put>(&parsed)) {
    CHECK(put->frame.records() > 0);
    put->frame.seal(1, 0, 0);
    CHECK(inbox::parse_frame(put->frame.bytes(), 0).has_value());
  }
  if (const auto* refusal = std::get_if<firehose::Refusal>(&parsed)) {
    const std::string body = firehose::answer_refusal(*refusal).body;
    CHECK(is_utf8(body));
    CHECK(std::ranges::none_of(body, [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }));
  }
  return 0;
}
