#include "pipeline_file/known_names.h"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/core.h>

#include "base/check.h"
#include "base/join.h"
#include "config/nearest.h"
#include "config/problems.h"

namespace penstock::pipeline_file {

namespace {

constexpr std::array<std::string_view, 12> kSources = {
    "dynamodb_streams", "event_store", "files", "firehose", "generate", "http", "kafka",
    "kinesis",          "mongodb",     "s3",    "sqs",      "stdin"};
constexpr std::array<std::string_view, 17> kSinks = {
    "cratedb",    "discard",  "dynamodb", "elasticsearch", "event_store", "eventbridge",
    "files",      "firehose", "http",     "kafka",         "kinesis",     "mongodb",
    "opensearch", "s3",       "sns",      "sqs",           "stdout"};
constexpr std::array<std::string_view, 4> kCheckpoints = {"dynamodb", "memory", "mongodb",
                                                          "sqlite"};
constexpr std::array<std::string_view, 3> kDeadLetters = {"files", "s3", "sqs"};
constexpr std::array<std::string_view, 7> kFormats = {
    "cloudevents", "debezium", "document", "dynamodb", "event", "mongodb", "raw"};
constexpr std::array<std::string_view, 6> kTransforms = {"filter", "parse",  "remove",
                                                         "rename", "script", "set"};

std::span<const std::string_view> names_of(Kind kind) {
  switch (kind) {
    case Kind::source:
      return kSources;
    case Kind::sink:
      return kSinks;
    case Kind::transform:
      return kTransforms;
    case Kind::checkpoint:
      return kCheckpoints;
    case Kind::dead_letter:
      return kDeadLetters;
    case Kind::decoder:
    case Kind::encoder:
      return kFormats;
  }
  unreachable();
}

}  // namespace

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::source:
      return "source";
    case Kind::sink:
      return "sink";
    case Kind::transform:
      return "transform";
    case Kind::checkpoint:
      return "checkpoint store";
    case Kind::dead_letter:
      return "dead letter store";
    case Kind::decoder:
      return "format of a source";
    case Kind::encoder:
      return "format of a sink";
  }
  unreachable();
}

bool is_of_contract(Kind kind, std::string_view name) {
  return std::ranges::find(names_of(kind), name) != names_of(kind).end();
}

std::string unknown_name(Kind kind, std::string_view name, const std::vector<std::string>& known) {
  if (is_of_contract(kind, name)) {
    return fmt::format("this build has no {} {}; it has: {}", name_of(kind), config::quote(name),
                       join(known, ", "));
  }
  return fmt::format("unknown {} {}{}", name_of(kind), config::quote(name),
                     config::hint(name, known));
}

}  // namespace penstock::pipeline_file
