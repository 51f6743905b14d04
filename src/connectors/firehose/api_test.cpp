#include "connectors/firehose/api.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace penstock::firehose {
namespace {

net::HttpRequest request(std::string_view operation, std::string body) {
  net::HttpRequest request{
      .method = "POST",
      .target = "/",
      .headers = {{"x-amz-target", "Firehose_20150804." + std::string(operation)},
                  {"content-type", "application/x-amz-json-1.1"}},
      .body = std::move(body)};
  request.body.reserve(request.body.size() + 64);
  return request;
}

Parsed parse(std::string_view operation, std::string body,
             const std::vector<std::string>& streams = {}) {
  return Api(streams).parse(request(operation, std::move(body)), Timestamp{5});
}

std::vector<std::string> records_of(Parsed parsed) {
  Put put = std::move(std::get<Put>(parsed));
  put.frame.seal(1, 0, 0);
  auto frame = inbox::parse_frame(put.frame.bytes(), 0);
  EXPECT_TRUE(frame.has_value());
  EXPECT_EQ(frame->stream, "orders");
  EXPECT_EQ(frame->at.micros, 5);
  std::vector<std::string> out;
  for (uint32_t i = 0; i < frame->records; ++i) {
    out.emplace_back(inbox::next_record(frame->body));
  }
  return out;
}

std::string batch_of(size_t count, std::string_view data) {
  std::string body = R"({"DeliveryStreamName": "orders", "Records": [)";
  for (size_t i = 0; i < count; ++i) {
    body += i > 0 ? "," : "";
    body += fmt::format(R"({{"Data": "{}"}})", data);
  }
  return body + "]}";
}

std::string base64_of(size_t bytes) {  // of zeros
  std::string text(bytes / 3 * 4, 'A');
  return text + (bytes % 3 == 1 ? "AA==" : bytes % 3 == 2 ? "AAA=" : "");
}

using Strings = std::vector<std::string>;

TEST(ApiTest, takes_one_record_and_many_in_any_order_of_keys) {
  EXPECT_EQ(records_of(parse("PutRecord",
                             R"({"DeliveryStreamName":"orders","Record":{"Data":"aGVsbG8="}})")),
            (Strings{"hello"}));
  EXPECT_EQ(records_of(parse("PutRecordBatch",
                             R"( {"Records":[{"Data":"YQ=="},{"Data":""},{"X":{},"Data":"Y2M="}])"
                             R"(,"Z":[{}],"DeliveryStreamName":"orders"} )")),
            (Strings{"a", "", "cc"}));
  EXPECT_EQ(records_of(parse("PutRecord",
                             R"({"DeliveryStreamName":"orders","Record":{"Data":"\/\/8\u003d"}})")),
            (Strings{"\xff\xff"}));
}

struct RefusedCase {
  const char* operation;
  std::string body;
  const char* type;
  const char* message;
};

TEST(ApiTest, refuses_in_amazons_words) {
  const std::vector<RefusedCase> cases = {
      {"CreateDeliveryStream", "{}", "UnknownOperationException", "not offered"},
      {"PutRecord", "", "SerializationException", "no JSON object"},
      {"PutRecord", "[]", "SerializationException", "no JSON object"},
      {"PutRecord", "{", "SerializationException", ""},
      {"PutRecord", "\xff\xfe", "SerializationException", ""},
      {"PutRecord", "{}", "ValidationException", "deliveryStreamName"},
      {"PutRecord", R"({"DeliveryStreamName":1})", "SerializationException", "must be a string"},
      {"PutRecord", R"({"DeliveryStreamName":""})", "ValidationException", "pattern"},
      {"PutRecord", R"({"DeliveryStreamName":"a/b"})", "ValidationException", "pattern"},
      {"PutRecord", R"({"DeliveryStreamName":"orders"})", "ValidationException", "'record'"},
      {"PutRecord", R"({"DeliveryStreamName":"orders","Record":[]})", "SerializationException",
       "must be an object"},
      {"PutRecord", R"({"DeliveryStreamName":"orders","Record":{}})", "ValidationException",
       "'record.data'"},
      {"PutRecord", R"({"DeliveryStreamName":"orders","Record":{"Data":1}})",
       "SerializationException", "base64 string"},
      {"PutRecord", R"({"DeliveryStreamName":"orders","Record":{"Data":"a"}})",
       "SerializationException", "not valid base64"},
      {"PutRecord", R"({"DeliveryStreamName":"orders","Record":{"Data":"YQ==)",
       "SerializationException", ""},
      {"PutRecordBatch", R"({"DeliveryStreamName":"orders"})", "ValidationException", "'records'"},
      {"PutRecordBatch", R"({"DeliveryStreamName":"orders","Records":{}})",
       "SerializationException", "must be an array"},
      {"PutRecordBatch", batch_of(0, ""), "ValidationException", "greater than or equal to 1"},
      {"PutRecordBatch", batch_of(501, ""), "ValidationException", "less than or equal to 500"},
      {"PutRecordBatch", batch_of(1, base64_of(1'024'001)), "ValidationException", "1024000"},
      {"PutRecordBatch", batch_of(5, base64_of(838'861)), "InvalidArgumentException", "4 MB"},
      {"PutRecordBatch", R"({"DeliveryStreamName":"orders","Records":[1]})",
       "SerializationException", "records.1.member"},
      {"PutRecordBatch", R"({"DeliveryStreamName":"orders","Records":[{"Data":"YQ=="},{}]})",
       "ValidationException", "records.2.member.data"},
      {"PutRecordBatch", R"({"DeliveryStreamName":"orders","Records":[{"Data":"YQ=="})",
       "SerializationException", ""},
      {"DescribeDeliveryStream", "{}", "ValidationException", "deliveryStreamName"},
      {"PutRecord", R"({"DeliveryStreamName":"orders","Record":{"Data":"YQ=="})",
       "SerializationException", "no JSON object"},
      {"PutRecord", R"({"DeliveryStreamName":"orders","Record":{"Data":"YQ==","x":tru}})",
       "SerializationException", "no JSON object"},
      {"PutRecord", R"({"DeliveryStreamName":"orders","Record":{"Data":"YQ=="}} x)",
       "SerializationException", "no JSON object"},
      {"PutRecord", R"({"DeliveryStreamName":"orders","Record":{"Data":"YQ==","Data":"Yg=="}})",
       "SerializationException", "record.data is there more than once"},
      {"PutRecord", R"({"DeliveryStreamName":"orders","Record":{"Data":"","D\u0061ta":"Yg=="}})",
       "SerializationException", "record.data is there more than once"},
      {"PutRecord",
       R"({"DeliveryStreamName":"orders","Record":{"Data":"YQ=="},"Record":{"Data":"Yg=="}})",
       "SerializationException", "Record is there more than once"},
      {"PutRecordBatch",
       R"({"DeliveryStreamName":"orders","Records":[{"Data":"YQ=="}],"Records":[]})",
       "SerializationException", "Records is there more than once"},
      {"PutRecordBatch",
       R"({"DeliveryStreamName":"orders","Records":[{"Data":"YQ=="}],"DeliveryStreamName":"b"})",
       "SerializationException", "DeliveryStreamName is there more than once"},
  };
  for (const RefusedCase& c : cases) {
    const Parsed parsed = parse(c.operation, c.body);
    const auto* const refusal = std::get_if<Refusal>(&parsed);
    ASSERT_NE(refusal, nullptr) << c.operation << " " << c.body.substr(0, 100);
    EXPECT_EQ(refusal->type, c.type) << c.body.substr(0, 100);
    EXPECT_NE(refusal->message.find(c.message), std::string::npos) << refusal->message;
    EXPECT_EQ(refusal->status, 400);
  }
}

TEST(ApiTest, takes_what_just_fits) {
  EXPECT_EQ(records_of(parse("PutRecordBatch", batch_of(500, "YQ=="))).size(), 500u);
  EXPECT_EQ(records_of(parse("PutRecordBatch", batch_of(4, base64_of(1'024'000)))).size(), 4u);
  EXPECT_EQ(records_of(parse("PutRecordBatch", batch_of(5, base64_of(838'860)))).size(), 5u);
}

TEST(ApiTest, knows_only_its_streams_where_it_has_a_list) {
  const auto refusal = std::get<Refusal>(
      parse("PutRecord", R"({"DeliveryStreamName":"others","Record":{"Data":""}})", {"orders"}));
  EXPECT_EQ(refusal.type, "ResourceNotFoundException");
  const auto list = std::get<net::HttpAnswer>(parse("ListDeliveryStreams", "{}", {"a", "b"}));
  EXPECT_EQ(list.body, R"({"DeliveryStreamNames":["a","b"],"HasMoreDeliveryStreams":false})");
  const auto one = std::get<net::HttpAnswer>(
      parse("DescribeDeliveryStream", R"({"DeliveryStreamName":"a"})", {"a", "b"}));
  EXPECT_NE(one.body.find(R"("DeliveryStreamStatus":"ACTIVE")"), std::string::npos);
}

TEST(ApiTest, wants_a_post_with_plain_json) {
  Api api({});
  net::HttpRequest get = request("PutRecord", "{}");
  get.method = "GET";
  EXPECT_EQ(std::get<Refusal>(api.parse(get, {})).type, "UnknownOperationException");
  net::HttpRequest no_target = request("PutRecord", "{}");
  no_target.headers.erase(no_target.headers.begin());
  EXPECT_EQ(std::get<Refusal>(api.parse(no_target, {})).type, "UnknownOperationException");
  net::HttpRequest cbor = request("PutRecord", "{}");
  cbor.headers[1].second = "application/x-amz-cbor-1.1";
  EXPECT_EQ(std::get<Refusal>(api.parse(cbor, {})).type, "SerializationException");
}

TEST(ApiTest, answers_as_amazon_does) {
  const inbox::Place place{.generation = 1, .sequence = 0xff};
  EXPECT_EQ(answer_put(place, 1, false).body,
            R"({"RecordId":"000000000000000100000000000000ff","Encrypted":false})");
  EXPECT_EQ(answer_put(place, 2, true).body,
            R"({"FailedPutCount":0,"Encrypted":false,"RequestResponses":[)"
            R"({"RecordId":"000000000000000100000000000000ff"},)"
            R"({"RecordId":"00000000000000010000000000000100"}]})");
  const net::HttpAnswer refusal = answer_refusal({.type = "A", .message = "say \"\n\xc3"});
  EXPECT_EQ(refusal.body, R"({"__type":"A","message":"say \"\\n\\xc3"})");
  EXPECT_EQ(refusal.status, 400);
  const net::HttpAnswer full = answer_server_refusal(413, "the request is too large");
  EXPECT_EQ(full.status, 413);
  EXPECT_EQ(full.content_type, "application/x-amz-json-1.1");
  EXPECT_EQ(full.body, R"({"__type":"RequestEntityTooLargeException",)"
                       R"("message":"the request is too large"})");
  EXPECT_NE(answer_server_refusal(503, "").body.find("ServiceUnavailableException"),
            std::string::npos);
}

}  // namespace
}  // namespace penstock::firehose
