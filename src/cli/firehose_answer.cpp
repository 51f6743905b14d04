#include "cli/firehose_answer.h"

#include <fmt/core.h>

#include "doc/bson.h"
#include "doc/json.h"

namespace penstock::cli {

namespace {

std::string text_of(const Document& response, std::string_view name) {
  const auto element = doc::find(response, name);
  return element && element->type == doc::Type::string ? std::string(element->as_string()) : "";
}

}  // namespace

Result<BatchAnswer> parse_batch_answer(std::string_view body, size_t records) {
  Arena arena;
  doc::JsonReader reader;
  const auto answer = reader.read(arena.copy(body), arena);
  if (!answer) {
    return fatal(
        fmt::format("PutRecordBatch was answered with something that is no JSON object: {}",
                    answer.error().what));
  }
  const auto responses = doc::find(*answer, "RequestResponses");
  if (!responses || responses->type != doc::Type::array) {
    return fatal("the answer of PutRecordBatch has no RequestResponses");
  }
  BatchAnswer result;
  for (const doc::Element& element : doc::Elements(responses->as_document())) {
    if (element.type != doc::Type::document) {
      return fatal("the answer of PutRecordBatch has a response that is no object");
    }
    const Document response = element.as_document();
    const bool taken = !text_of(response, "RecordId").empty();
    result.taken.push_back(taken);
    if (!taken && result.first_error.empty()) {
      result.first_error =
          fmt::format("a record was not taken: {}: {}", text_of(response, "ErrorCode"),
                      text_of(response, "ErrorMessage"));
    }
  }
  if (result.taken.size() != records) {
    return fatal(fmt::format("PutRecordBatch was sent {} records and answered for {}", records,
                             result.taken.size()));
  }
  return result;
}

}  // namespace penstock::cli
