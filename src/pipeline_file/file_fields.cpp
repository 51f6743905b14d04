#include "pipeline_file/file_fields.h"

namespace penstock::pipeline_file {

namespace {

constexpr int64_t kCountMax = 100'000'000;
constexpr int64_t kBytesMax = int64_t{1} << 40;

constexpr std::string_view kOnReject =
    "What becomes of an event that will never be taken: `stop` the pipeline, `drop` it, write it "
    "to the `dead_letter`, or `quarantine` its key too, so that later changes of the key follow it "
    "into the dead letters. By default `dead_letter` where the pipeline has one, else `stop`.";

void on_reject_field(config::FieldVisitor& v, std::string& value) {
  v.field("on_reject", value,
          {.doc = kOnReject, .choices = {"stop", "drop", "dead_letter", "quarantine"}});
}

// Reads a count into the narrower type of a limit.
void count_field(config::FieldVisitor& v, std::string_view name, uint32_t& value,
                 std::string_view doc) {
  int64_t wide = value;
  v.field(name, wide, {.doc = doc, .min = 1, .max = kCountMax});
  value = static_cast<uint32_t>(wide);
}

void size_field(config::FieldVisitor& v, std::string_view name, size_t& value,
                std::string_view doc) {
  config::ByteSize size{value};
  v.field(name, size, {.doc = doc, .min = 1, .max = kBytesMax});
  value = size.bytes;
}

}  // namespace

void ReadBatchFields::fields(config::FieldVisitor& v) {
  v.field("events", events,
          {.doc = "The most events of one batch. By default what the connector takes at once.",
           .min = 1,
           .max = kCountMax});
  v.field("bytes", bytes,
          {.doc = "The most payload bytes of one batch. By default what the connector takes.",
           .max = kBytesMax});
}

void BatchFields::fields(config::FieldVisitor& v) {
  ReadBatchFields::fields(v);
  v.field("wait", wait,
          {.doc = "How long a batch of a sink waits to fill. 0 writes what is there as soon as the "
                  "sink is idle."});
}

void RetryFields::fields(config::FieldVisitor& v) {
  v.field("attempts", attempts,
          {.doc = "The most repeats of what failed; then the pipeline stops with its position "
                  "kept. By default without end.",
           .min = 0,
           .max = kCountMax});
  v.field("for", give_up_after,
          {.doc = "How long what failed is repeated; then the pipeline stops with its position "
                  "kept. By default without end."});
  v.field("initial", initial,
          {.doc = "The bound of the first pause; each pause is random below its bound, which "
                  "doubles.",
           .min = 1});
  v.field("max", max, {.doc = "The largest bound of a pause.", .min = 1});
}

void TlsFields::fields(config::FieldVisitor& v) {
  v.field("ca", ca, {.doc = "A file with the certificates of the authorities to trust."});
  v.field("cert", cert, {.doc = "A file with our own certificate."});
  v.field("key", key, {.doc = "A file with the key of our own certificate."});
}

void SinkFields::fields(config::FieldVisitor& v) {
  v.field("name", name,
          {.doc = "What the sink is called in status, dead letters and logs. By default its "
                  "connector's name."});
  v.json("when", when, {.doc = "An event pattern: only events that match it go to this sink."});
  v.field("batch", batch, {.doc = "When a batch is written."});
  v.field("lanes", lanes,
          {.doc = "The most writes at once. A key is in one of them only. By default the "
                  "connector's own number, and at most what it can.",
           .min = 1});
  v.field("retry", retry, {.doc = "How failed writes are repeated."});
  on_reject_field(v, on_reject);
  v.field("rate", rate, {.doc = "The most events a second; 0: no bound.", .min = 0});
  v.field("tls", tls, {.doc = "Certificates, for a connector that speaks TLS."});
}

void SourceFields::fields(config::FieldVisitor& v) {
  v.field("name", name, {.doc = "What the source is called in status and logs."});
  v.json("when", when, {.doc = "An event pattern: events that do not match it are passed over."});
  v.field("batch", batch, {.doc = "How much is read at once."});
  v.field("retry", retry, {.doc = "How failed reads are repeated."});
  on_reject_field(v, on_reject);
  v.field("on_lost_position", on_lost_position,
          {.doc = "What happens when the source no longer has what the position points at: `fail`, "
                  "or go on from the `earliest` that it has, or behind its `latest`, where the "
                  "source can. By default `fail`.",
           .choices = {"fail", "earliest", "latest"}});
  v.field("tls", tls, {.doc = "Certificates, for a connector that speaks TLS."});
}

void SnsAlertFields::Role::fields(config::FieldVisitor& v) {
  v.field("arn", arn, {.doc = "The role to take on."});
  v.field("external_id", external_id, {.doc = "What the role asks for beside its name."});
}

void SnsAlertFields::fields(config::FieldVisitor& v) {
  v.field("topic", topic, {.doc = "The topic's ARN."});
  v.field("region", region, {.doc = "By default the environment's."});
  v.field("endpoint", endpoint, {.doc = "By default AWS's own."});
  v.field("assume_role", assume_role, {.doc = "A role to publish with."});
}

void AlertFields::fields(config::FieldVisitor& v) {
  v.field("sns", sns, {.doc = "Publishes to an SNS topic."});
}

void TransformFields::fields(config::FieldVisitor& v) {
  v.field("name", name, {.doc = "What the transform is called in errors."});
}

void LimitsFields::fields(config::FieldVisitor& v) {
  count_field(v, "in_flight_events", limits.in_flight_events,
              "The most events that are read and not yet settled at every sink.");
  size_field(v, "in_flight_bytes", limits.in_flight_bytes,
             "The most memory that those events hold.");
  count_field(v, "read_events", limits.read_events, "The most events of one read.");
  size_field(v, "read_bytes", limits.read_bytes, "The most payload bytes of one read.");
  count_field(v, "quarantined_keys", limits.quarantined_keys,
              "The most keys in quarantine; one more stops the pipeline.");
  count_field(v, "rejections_in_a_row", limits.rejections_in_a_row,
              "So many rejections without a success at a sink stop the pipeline, whatever "
              "`on_reject` says.");
  count_field(v, "lost_positions_in_a_row", limits.lost_positions_in_a_row,
              "So many lost positions without progress stop the pipeline.");
  count_field(v, "settled_slots", limits.settled_slots,
              "The most events of a part that may be settled behind one that is stuck.");
}

void UntilFields::fields(config::FieldVisitor& v) {
  v.field("caught_up", caught_up,
          {.doc = "With `--once`: end when nothing more is there. `--once` implies it."});
  v.field("end", end, {.doc = "End when the source has ended. Binds every run."});
  v.field("events", events, {.doc = "With `--once`: end after so many events.", .min = 1});
  v.field("deadline", deadline,
          {.doc = "With `--once`: stop reading after this time. What was read is then delivered, "
                  "which takes at most 30 s more, and saved.",
           .min = 1});
}

void EveryFields::fields(config::FieldVisitor& v) {
  v.field("events", events,
          {.doc = "Save also after so many settled events.", .min = 1, .max = kCountMax});
  v.field("time", time, {.doc = "Save at least this often.", .min = 1'000'000});
}

}  // namespace penstock::pipeline_file
