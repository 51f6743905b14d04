#include "connectors/firehose/api.h"

#include <fmt/core.h>
#include <simdjson.h>

#include <algorithm>
#include <array>

#include "base/base64.h"
#include "base/system_log.h"
#include "doc/json.h"

namespace penstock::firehose {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::string_view kTargetPrefix = "Firehose_20150804.";
constexpr std::string_view kContentType = "application/x-amz-json-1.1";
constexpr size_t kParserBytesKept = size_t{2} << 20;  // of the largest request it has seen
constexpr size_t kStreamNameMax = 64;

Refusal serialization(std::string message) {
  return {.type = "SerializationException", .message = std::move(message)};
}

Refusal validation(std::string_view value, std::string_view where, std::string_view constraint) {
  return {.type = "ValidationException",
          .message = fmt::format("1 validation error detected: Value {} at '{}' failed to satisfy "
                                 "constraint: {}",
                                 value, where, constraint)};
}

bool is_stream_name(std::string_view name) {
  return !name.empty() && name.size() <= kStreamNameMax && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

net::HttpAnswer json_answer(std::string body) {
  return {.status = 200,
          .content_type = std::string(kContentType),
          .body = std::move(body),
          .headers = {}};
}

// The names of AWS validation errors count from one.
std::string data_path(bool batch, size_t index) {
  return batch ? fmt::format("records.{}.member.data", index + 1) : "record.data";
}

// A JSON string as it stands between its quotes; only text with an escape in it (some clients write
// \/) takes the longer way. nullopt: it is no string.
std::optional<std::string_view> text_of(ondemand::value value) {
  ondemand::json_type type;
  if (value.type().get(type) != simdjson::SUCCESS || type != ondemand::json_type::string) {
    return std::nullopt;
  }
  std::string_view token = value.raw_json_token();
  token = token.substr(1, token.find_last_of('"') - 1);
  if (token.find('\\') != std::string_view::npos &&
      value.get_string().get(token) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  return token;
}

// Decodes the record's Data to where it stays.
std::optional<Refusal> add_record(ondemand::object record, bool batch, size_t index,
                                  inbox::FrameWriter& frame, size_t& bytes) {
  std::optional<std::string_view> text;
  for (auto field : record) {
    std::string_view name;
    ondemand::value value;
    if (field.unescaped_key().get(name) != simdjson::SUCCESS || name != "Data") {
      continue;
    }
    if (text) {
      return serialization(data_path(batch, index) + " is there more than once");
    }
    if (field.value().get(value) == simdjson::SUCCESS) {
      text = text_of(value);
    }
    if (!text) {
      return serialization(data_path(batch, index) + " must be a base64 string");
    }
  }
  if (!text) {
    return validation("null", data_path(batch, index), "Member must not be null");
  }
  char* const to = frame.begin_record(base64_bytes_max(text->size()));
  const auto size = read_base64(*text, to, Base64Tail::zero);
  if (!size) {
    return serialization(data_path(batch, index) + " is not valid base64");
  }
  if (*size > kRecordBytesMax) {
    return validation(
        "java.nio.HeapByteBuffer", data_path(batch, index),
        fmt::format("Member must have length less than or equal to {}", kRecordBytesMax));
  }
  frame.end_record(*size);
  bytes += *size;
  return std::nullopt;
}

std::optional<Refusal> add_records(ondemand::array records, inbox::FrameWriter& frame) {
  size_t bytes = 0;
  size_t index = 0;
  for (auto item : records) {
    ondemand::object record;
    if (item.get_object().get(record) != simdjson::SUCCESS) {
      return serialization(fmt::format("records.{}.member is no object", index + 1));
    }
    if (index == kRecordsMax) {
      return validation(
          "at least 501 records", "records",
          fmt::format("Member must have length less than or equal to {}", kRecordsMax));
    }
    if (auto refusal = add_record(record, true, index, frame, bytes)) {
      return refusal;
    }
    ++index;
    if (bytes > kBatchBytesMax) {
      return Refusal{.type = "InvalidArgumentException",
                     .message = "Records size exceeds 4 MB limit"};
    }
  }
  if (index == 0) {
    return validation("[]", "records", "Member must have length greater than or equal to 1");
  }
  return std::nullopt;
}

// Of the fields that are read only the first would be taken, and what a second one says be lost.
std::optional<Refusal> refuse_repeated_fields(ondemand::object& root) {
  static constexpr std::array<std::string_view, 3> kNames = {"DeliveryStreamName", "Record",
                                                             "Records"};
  std::array<bool, kNames.size()> seen = {};
  for (auto field : root) {
    std::string_view name;
    if (field.unescaped_key().get(name) != simdjson::SUCCESS) {
      continue;
    }
    const size_t at = static_cast<size_t>(std::ranges::find(kNames, name) - kNames.begin());
    if (at == kNames.size()) {
      continue;
    }
    if (seen[at]) {
      return serialization(fmt::format("{} is there more than once", name));
    }
    seen[at] = true;
  }
  if (root.reset().error() != simdjson::SUCCESS) {
    return serialization("the body is no JSON object");
  }
  return std::nullopt;
}

std::string_view operation_of(const net::HttpRequest& request) {
  const std::string_view target = request.header("x-amz-target");
  return target.starts_with(kTargetPrefix) ? target.substr(kTargetPrefix.size())
                                           : std::string_view{};
}

net::HttpAnswer describe(std::string_view stream) {
  return json_answer(fmt::format(
      R"({{"DeliveryStreamDescription":{{"DeliveryStreamName":"{0}",)"
      R"("DeliveryStreamARN":"arn:aws:firehose:local:000000000000:deliverystream/{0}",)"
      R"("DeliveryStreamStatus":"ACTIVE","DeliveryStreamType":"DirectPut","VersionId":"1",)"
      R"("Destinations":[],"HasMoreDestinations":false}}}})",
      stream));
}

net::HttpAnswer list_of(const std::vector<std::string>& streams) {
  std::string names;
  for (const std::string& stream : streams) {
    names += fmt::format("{}\"{}\"", names.empty() ? "" : ",", stream);
  }
  return json_answer(
      fmt::format(R"({{"DeliveryStreamNames":[{}],"HasMoreDeliveryStreams":false}})", names));
}

}  // namespace

struct Api::Parser {
  ondemand::parser json;
  size_t largest = 0;
};

Api::Api(std::vector<std::string> streams) : streams_(std::move(streams)) {}
Api::~Api() = default;

Parsed Api::parse(const net::HttpRequest& request, Timestamp at) {
  const std::string_view operation = operation_of(request);
  if (request.method != "POST" || operation.empty()) {
    return Refusal{.type = "UnknownOperationException",
                   .message = "send POST with X-Amz-Target: Firehose_20150804.<operation>"};
  }
  if (!request.header("content-encoding").empty() ||
      request.header("content-type").find("json") == std::string_view::npos) {
    return serialization("send the body as plain application/x-amz-json-1.1");
  }
  std::unique_ptr<Parser> parser;
  {
    const MutexLock lock(mutex_);
    if (!idle_.empty()) {
      parser = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!parser) {
    parser = std::make_unique<Parser>();
  }
  Parsed parsed = parse_body(operation, request, at, *parser);
  parser->largest = std::max(parser->largest, request.body.size());
  if (parser->largest <= kParserBytesKept) {
    const MutexLock lock(mutex_);
    idle_.push_back(std::move(parser));
  }
  return parsed;
}

Parsed Api::parse_body(std::string_view operation, const net::HttpRequest& request, Timestamp at,
                       Parser& parser) const {
  const bool batch = operation == "PutRecordBatch";
  if (!batch && operation != "PutRecord" && operation != "ListDeliveryStreams" &&
      operation != "DescribeDeliveryStream") {
    return Refusal{.type = "UnknownOperationException",
                   .message = fmt::format("{} is not offered here", operation.substr(0, 100))};
  }
  const simdjson::padded_string_view text(request.body.data(), request.body.size(),
                                          request.body.size() + simdjson::SIMDJSON_PADDING);
  ondemand::document document;
  ondemand::object root;
  // On-demand parsing looks at no more than what is asked for, so the whole is checked before.
  if (!doc::is_valid_json(request.body) ||
      parser.json.iterate(text).get(document) != simdjson::SUCCESS ||
      document.get_object().get(root) != simdjson::SUCCESS) {
    return serialization("the body is no JSON object");
  }
  if (auto refusal = refuse_repeated_fields(root)) {
    return std::move(*refusal);
  }
  if (operation == "ListDeliveryStreams") {
    return list_of(streams_);
  }
  ondemand::value name;
  if (root.find_field_unordered("DeliveryStreamName").get(name) != simdjson::SUCCESS) {
    return validation("null", "deliveryStreamName", "Member must not be null");
  }
  std::string_view stream;
  if (name.get_string().get(stream) != simdjson::SUCCESS) {
    return serialization("deliveryStreamName must be a string");
  }
  if (!is_stream_name(stream)) {
    return validation("of this request", "deliveryStreamName",
                      "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+ and have "
                      "length less than or equal to 64");
  }
  if (!streams_.empty() && std::ranges::find(streams_, stream) == streams_.end()) {
    return Refusal{
        .type = "ResourceNotFoundException",
        .message = fmt::format("Firehose {} not found under account 000000000000.", stream)};
  }
  if (operation == "DescribeDeliveryStream") {
    return describe(stream);
  }
  Put put{.frame = inbox::FrameWriter(stream, at, request.body.size() / 4 * 3), .batch = batch};
  std::optional<Refusal> refusal;
  if (batch) {
    ondemand::array records;
    const auto failure = root.find_field_unordered("Records").get_array().get(records);
    refusal = failure == simdjson::SUCCESS ? add_records(records, put.frame)
              : failure == simdjson::NO_SUCH_FIELD
                  ? validation("null", "records", "Member must not be null")
                  : serialization("records must be an array");
  } else {
    ondemand::object record;
    size_t bytes = 0;
    const auto failure = root.find_field_unordered("Record").get_object().get(record);
    refusal = failure == simdjson::SUCCESS ? add_record(record, false, 0, put.frame, bytes)
              : failure == simdjson::NO_SUCH_FIELD
                  ? validation("null", "record", "Member must not be null")
                  : serialization("record must be an object");
  }
  if (refusal) {
    return std::move(*refusal);
  }
  return put;
}

net::HttpAnswer answer_put(inbox::Place first, uint32_t records, bool batch) {
  std::string body;
  body.reserve(64 + records * 48);
  if (batch) {
    body += R"({"FailedPutCount":0,"Encrypted":false,"RequestResponses":[)";
  }
  char id[inbox::Place::kIdSize];
  for (uint32_t i = 0; i < records; ++i) {
    inbox::Place{.generation = first.generation, .sequence = first.sequence + i}.write_id(id);
    body += i > 0 ? R"(,{"RecordId":")" : R"({"RecordId":")";
    body.append(id, sizeof id);
    body += batch ? "\"}" : R"(","Encrypted":false})";
  }
  if (batch) {
    body += "]}";
  }
  net::HttpAnswer answer = json_answer(std::move(body));
  answer.headers.emplace_back("x-amzn-RequestId", first.id());
  return answer;
}

net::HttpAnswer answer_server_refusal(int status, std::string_view why) {
  const std::string_view type = status == 503   ? "ServiceUnavailableException"
                                : status == 413 ? "RequestEntityTooLargeException"
                                : status == 500 ? "InternalFailure"
                                                : "SerializationException";
  return answer_refusal({.status = status, .type = std::string(type), .message = std::string(why)});
}

net::HttpAnswer answer_refusal(const Refusal& refusal) {
  std::string body = fmt::format(R"({{"__type":"{}","message":)", refusal.type);
  append_json_printable(refusal.message, body);
  net::HttpAnswer answer = json_answer(std::move(body) + '}');
  answer.status = refusal.status;
  answer.headers.emplace_back("x-amzn-ErrorType", refusal.type);
  return answer;
}

}  // namespace penstock::firehose
