// The settings of a pipeline file that belong to no connector, each declared once: what stands
// beside a connector's key, and `limits`, `until`, `checkpoint.every`. Values; one thread.
#pragma once

#include <optional>
#include <string>

#include "config/fields.h"
#include "engine/spec.h"
#include "net/tls_files.h"

namespace penstock::pipeline_file {

struct ReadBatchFields : config::FieldGroup {
  std::optional<int64_t> events;
  config::ByteSize bytes{0};  // 0: not given
  void fields(config::FieldVisitor& v) override;
};

struct BatchFields final : ReadBatchFields {
  std::optional<Duration> wait;  // a source gives what is there
  void fields(config::FieldVisitor& v) override;
};

struct RetryFields final : config::FieldGroup {
  std::optional<int64_t> attempts;
  std::optional<Duration> give_up_after;
  Duration initial = engine::RetryPolicy{}.initial;
  Duration max = engine::RetryPolicy{}.max;
  void fields(config::FieldVisitor& v) override;
};

struct TlsFields final : config::FieldGroup {
  std::string ca, cert, key;
  net::TlsFiles files() const { return {ca, cert, key}; }
  void fields(config::FieldVisitor& v) override;
};

// Beside the connector of a sink. `enabled` and `format` are of a shape of their own (plan.cpp).
struct SinkFields {
  std::string name;
  std::string when;  // JSON
  BatchFields batch;
  std::optional<int64_t> lanes;
  RetryFields retry;
  std::string on_reject;
  double rate = 0;
  TlsFields tls;
  void fields(config::FieldVisitor& v);
};

// Beside the connector of the source.
struct SourceFields {
  std::string name;
  std::string when;  // JSON
  ReadBatchFields batch;
  RetryFields retry;
  std::string on_reject;
  std::string on_lost_position;
  TlsFields tls;
  void fields(config::FieldVisitor& v);
};

// Of an alert, by the configuration contract; no build has alerts yet.
struct SnsAlertFields final : config::FieldGroup {
  struct Role final : config::FieldGroup {
    std::string arn, external_id;
    void fields(config::FieldVisitor& v) override;
  };
  std::string topic, region, endpoint;
  Role assume_role;
  void fields(config::FieldVisitor& v) override;
};
struct AlertFields {
  SnsAlertFields sns;
  void fields(config::FieldVisitor& v);
};

struct TransformFields {
  std::string name;
  void fields(config::FieldVisitor& v);
};

struct LimitsFields {
  engine::Limits limits;
  void fields(config::FieldVisitor& v);
};

struct UntilFields {
  bool caught_up = false;
  bool end = true;
  std::optional<int64_t> events;
  std::optional<Duration> deadline;
  void fields(config::FieldVisitor& v);
};

struct EveryFields final : config::FieldGroup {  // of a checkpoint
  std::optional<int64_t> events;
  Duration time = 1s;
  void fields(config::FieldVisitor& v) override;
};

}  // namespace penstock::pipeline_file
