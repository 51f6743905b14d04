#include "pipeline_file/build.h"

#include <gtest/gtest.h>

#include "config/load.h"
#include "pipeline_file/test_registry.h"
#include "testing/map_files.h"
#include "testing/test_context.h"

namespace penstock::pipeline_file {
namespace {

using Environment = std::map<std::string, std::string, std::less<>>;

config::Node load(const std::string& text, const Environment& environment = {},
                  bool read_secrets = true) {
  MapFiles files;
  config::LoadOptions options;
  options.environment = [&](std::string_view name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  };
  options.read_secrets = read_secrets;
  auto node = config::load_text(text, "f.yaml", files, options);
  EXPECT_TRUE(node) << (node ? "" : node.error().what);
  return node.value_or(config::Node{});
}

Result<Built> built(const std::string& text, const BuildOptions& options = {},
                    const Environment& environment = {}) {
  TestContext context;
  return build(load(text, environment), test_registry(), context.context(), options);
}

std::string error_of(const std::string& text, const Environment& environment = {}) {
  const auto result = built(text, {}, environment);
  return result ? "built" : result.error().what;
}

std::string pipeline(const std::string& more, const std::string& sinks = "  - stdout: {}\n") {
  return "name: p\nsource:\n  firehose: {inbox: x}\nsinks:\n" + sinks + more;
}

const std::string kWhole =
    "name: whole\n"
    "source:\n"
    "  firehose: {listen: \"127.0.0.1:0\", inbox: x}\n"
    "  name: in\n"
    "  format: dynamodb\n"
    "  when: {op: [insert]}\n"
    "  batch: {events: 50, bytes: 64KiB}\n"
    "  retry: {attempts: 3}\n"
    "  on_reject: drop\n"
    "  on_lost_position: earliest\n"
    "transforms:\n"
    "  - parse: {format: json, on_error: keep}\n"
    "  - parse: {format: json}\n"
    "    enabled: false\n"
    "sinks:\n"
    "  - files: {path: ./a}\n"
    "    name: lake\n"
    "    format: {cloudevents: {style: fancy}}\n"
    "    batch: {events: 100, bytes: 8MiB, wait: 5s}\n"
    "    lanes: 4\n"
    "    retry: {attempts: 5, for: 1h, initial: 1s, max: 1m}\n"
    "    on_reject: quarantine\n"
    "    rate: 12.5\n"
    "  - stdout: {}\n"
    "    when: {stream: [a]}\n"
    "checkpoint: {sqlite: {path: ./c, every: {events: 15, time: 2s}}}\n"
    "dead_letter: {files: {path: ./d}}\n"
    "alerts:\n"
    "  - sns: {topic: ''}\n"
    "    enabled: ''\n"
    "limits: {in_flight_events: 5000, in_flight_bytes: 32MiB}\n"
    "until: {events: 10, deadline: 1m}\n";

TEST(Build, a_whole_file_becomes_an_assembly) {
  const auto result = built(kWhole, {.once = true});
  ASSERT_TRUE(result) << result.error().what;
  const engine::Assembly& assembly = result->assembly;
  const engine::PipelineSpec& spec = assembly.spec;
  EXPECT_EQ(spec.name, "whole");
  EXPECT_EQ(spec.source_name, "in");
  EXPECT_EQ(spec.fingerprint, "any:whole/in");
  EXPECT_NE(assembly.decoder, nullptr);
  EXPECT_EQ(assembly.transforms.size(), 2U);  // `when` of the source, and one that is enabled
  EXPECT_EQ(spec.source_on_reject, engine::OnReject::drop);
  EXPECT_EQ(spec.on_lost_position, engine::OnLostPosition::earliest);
  EXPECT_EQ(spec.source_retry.attempts, 3);
  EXPECT_EQ(spec.limits.read_events, 50U);
  EXPECT_EQ(spec.limits.read_bytes, 64U << 10);
  EXPECT_EQ(spec.limits.in_flight_events, 5000U);
  EXPECT_EQ(spec.limits.in_flight_bytes, 32U << 20);
  ASSERT_EQ(spec.sinks.size(), 2U);
  EXPECT_EQ(spec.sinks[0].name, "lake");
  EXPECT_EQ(spec.sinks[0].batch_events, 100U);
  EXPECT_EQ(spec.sinks[0].batch_bytes, 8U << 20);
  EXPECT_EQ(spec.sinks[0].batch_wait, 5s);
  EXPECT_EQ(spec.sinks[0].lanes, 4U);
  EXPECT_EQ(spec.sinks[0].retry.attempts, 5);
  EXPECT_EQ(spec.sinks[0].retry.give_up_after, 1h);
  EXPECT_EQ(spec.sinks[0].retry.initial, 1s);
  EXPECT_EQ(spec.sinks[0].retry.max, 1min);
  EXPECT_EQ(spec.sinks[0].on_reject, engine::OnReject::quarantine);
  EXPECT_EQ(spec.sinks[0].rate, 12.5);
  EXPECT_EQ(spec.sinks[1].name, "stdout");
  EXPECT_EQ(spec.sinks[1].on_reject, engine::OnReject::dead_letter);
  EXPECT_EQ(spec.sinks[1].batch_events, SinkTraits{}.events_max);
  EXPECT_EQ(assembly.sinks[0].when, nullptr);
  ASSERT_NE(assembly.sinks[1].when, nullptr);
  Event event;
  event.stream = "a";
  EXPECT_TRUE(assembly.sinks[1].when(event));
  event.stream = "b";
  EXPECT_FALSE(assembly.sinks[1].when(event));
  EXPECT_TRUE(spec.has_checkpoint);
  EXPECT_TRUE(spec.has_dead_letter);
  EXPECT_EQ(spec.save_every, 2s);
  EXPECT_EQ(spec.save_every_events, 15U);
  EXPECT_TRUE(spec.until.caught_up);
  EXPECT_EQ(spec.until.events, 10U);
  EXPECT_EQ(spec.until.deadline, 1min);
  EXPECT_EQ(result->warnings, std::vector<std::string>{});
}

char format_of(const Built& result, size_t sink) {
  const auto& made = dynamic_cast<const WithEncoder&>(*result.assembly.sinks[sink].sink);
  std::string text;
  if (made.encoder != nullptr) {
    EXPECT_TRUE(made.encoder->encode({}, text));
  }
  return text.empty() ? '-' : text[0];
}

TEST(Build, a_sink_gets_the_encoder_of_its_format_or_of_its_default) {
  const auto result = built(pipeline("",
                                     "  - files: {path: a}\n    name: a\n"
                                     "  - event_store: {path: a}\n    name: b\n"
                                     "  - http: {}\n    name: c\n"
                                     "  - event_store: {path: a}\n    name: d\n"
                                     "    format: event\n"));
  ASSERT_TRUE(result) << result.error().what;
  EXPECT_EQ(format_of(*result, 0), 'e');
  EXPECT_EQ(format_of(*result, 1), 'r');
  EXPECT_EQ(format_of(*result, 2), '-');
  EXPECT_EQ(format_of(*result, 3), 'e');
}

TEST(Build, a_source_that_can_begin_at_its_latest_may_do_so_after_a_lost_position) {
  const auto made = built(
      "name: p\nsource: {firehose: {traits: starts latest}, on_lost_position: latest}\n"
      "sinks: [{stdout: {}}]\n");
  ASSERT_TRUE(made) << made.error().what;
  EXPECT_EQ(made->assembly.spec.on_lost_position, engine::OnLostPosition::latest);
}

TEST(Build, until_binds_runs_with_once_only_but_for_its_end) {
  const std::string file = pipeline("until: {caught_up: true, events: 5, deadline: 1s}\n");
  const auto service = built(file);
  ASSERT_TRUE(service) << service.error().what;
  EXPECT_FALSE(service->assembly.spec.until.caught_up);
  EXPECT_EQ(service->assembly.spec.until.events, std::nullopt);
  EXPECT_EQ(service->assembly.spec.until.deadline, std::nullopt);
  EXPECT_TRUE(service->assembly.spec.until.end);
  const auto once = built(pipeline(""), {.once = true});
  EXPECT_TRUE(once->assembly.spec.until.caught_up);
}

const std::pair<std::string, std::string> kWrong[] = {
    {"", "an empty file"},
    {"[]", "a pipeline is a map"},
    {"name: p\n", "a pipeline needs a `source`"},
    {"name: p\nsource: {firehose: {}}\n", "a pipeline needs `sinks`"},
    {"source: {firehose: {}}\nsinks: [{stdout: {}}]\n", "a pipeline needs a `name`"},
    {"name: a/b\nsource: {firehose: {}}\nsinks: [{stdout: {}}]\n", "f.yaml:1:7: a name is"},
    {pipeline("sink: []\n"), "f.yaml:6:1: unknown key `sink` of a pipeline, did you mean `sinks`?"},
    {pipeline("", "  stdout: {}\n"), "f.yaml:5:3: `sinks` takes a list"},
    {pipeline("", "  - {}\n"), "f.yaml:5:5: this sink names none of: event_store, files"},
    {pipeline("", "  - stdout\n"), "a sink is a map with the key of one of"},
    {pipeline("", "  - flies: {path: a}\n"),
     "f.yaml:5:5: unknown sink `flies`, did you mean `files`?"},
    {pipeline("", "  - kafka: {brokers: a}\n"),
     "f.yaml:5:5: this build has no sink `kafka`; it has: event_store, files, http, stdout"},
    {pipeline("", "  - stdout: {}\n    http: {}\n"), "`stdout` and `http` stand in one sink"},
    {pipeline("", "  - stdout: {}\n    bacth: {}\n"),
     "f.yaml:6:5: sink stdout: unknown key `bacth` beside it, did you mean `batch`?"},
    {pipeline("", "  - stdout: {pth: a}\n"), "f.yaml:5:14: stdout: unknown setting `pth`"},
    {pipeline("", "  - files: {}\n"), "f.yaml:5:12: files: needs `path` (Where)"},
    {pipeline("", "  - stdout: {}\n    format: jsno\n"), "unknown format of a sink `jsno`"},
    {pipeline("", "  - stdout: {}\n    format: document\n"),
     "this build has no format of a sink `document`; it has: cloudevents, event, raw"},
    {pipeline("", "  - stdout: {}\n    format: {event: {stile: a}}\n"),
     "f.yaml:6:22: event: unknown setting `stile`, did you mean `style`?"},
    {pipeline("", "  - stdout: {}\n    format: [event]\n"), "`format` takes a name, or a map"},
    {pipeline("", "  - http: {}\n    format: raw\n"), "f.yaml:6:13: sink http takes no `format`"},
    {pipeline("", "  - stdout: {}\n    enabled: maybe\n"), "`enabled` takes true or false"},
    {pipeline("", "  - stdout: {}\n    enabled: false\n"), "no sink is enabled"},
    {pipeline("", "  - stdout: {}\n  - stdout: {}\n"), "f.yaml:6:5: two sinks are called `stdout`"},
    {pipeline("", "  - stdout: {}\n    batch: {events: 501}\n"),
     "sink stdout: `batch.events` of 501 is more than the 500 it takes at once"},
    {pipeline("", "  - stdout: {}\n    batch: {bytes: 17MiB}\n"), "`batch.bytes` of"},
    {pipeline("", "  - stdout: {}\n    lanes: 65\n"), "`lanes` of 65 is more than the 64"},
    {"name: p\nsource: {firehose: {}, on_lost_position: latest}\nsinks: [{stdout: {}}]\n",
     "source firehose cannot begin at its latest: `on_lost_position` must be `fail` or `earliest`"},
    {pipeline("", "  - stdout: {}\n    tls: {ca: x}\n"),
     "f.yaml:6:10: sink stdout takes no `tls` settings"},
    {pipeline("", "  - stdout: {}\n    when: {op: [{wildcard: '*'}]}\n"),
     "f.yaml:6:11: sink stdout: `when`: event pattern: the operator `wildcard` is not in this"},
    {pipeline("", "  - stdout: {}\n    retry: {initial: 1m, max: 1s}\n"),
     "`retry.initial` is longer than `retry.max`"},
    {pipeline("", "  - stdout: {}\n    on_reject: dead_letter\n"),
     "needs an enabled `dead_letter`"},
    {pipeline("dead_letter: {files: {path: a}}\n", "  - stdout: {}\n    on_reject: quarantine\n"),
     "`on_reject: quarantine` needs a `checkpoint`"},
    {pipeline("transforms: [{parse: {format: xml}}]\n"), "`format` must be one of json, not `xml`"},
    {pipeline("transforms: [{script: {}}]\n"), "this build has no transform `script`"},
    {pipeline("checkpoint: {dynamodb: {table: a}}\n"),
     "this build has no checkpoint store `dynamodb`; it has: sqlite"},
    {pipeline("checkpoint: {sqlite: {path: a, evry: {}}}\n"), "unknown setting `evry`"},
    {pipeline("checkpoint: {sqlite: {path: a, every: {event: 5}}}\n"),
     "checkpoint.every: unknown setting `event`, did you mean `events`?"},
    {pipeline("dead_letter: {s3: {bucket: a}}\n"), "this build has no dead letter store `s3`"},
    {pipeline("alerts: [{sns: {topic: a}}]\n"), "alerts are not in this build"},
    {pipeline("alerts: [{sns: {topci: a}, enabled: false}]\n"),
     "f.yaml:6:17: alert.sns: unknown setting `topci`, did you mean `topic`?"},
    {pipeline("alerts: [{sms: {topic: a}, enabled: ''}]\n"),
     "f.yaml:6:11: alert: unknown setting `sms`, did you mean `sns`?"},
    {pipeline("limits: {in_flight_event: 5}\n"), "did you mean `in_flight_events`?"},
    {pipeline("limits: {in_flight_events: 5, read_events: 6}\n"),
     "`read_events` is more than `in_flight_events`"},
    {pipeline("until: {event: 5}\n"), "until: unknown setting `event`, did you mean `events`?"},
    {"name: p\nsource: {kinesis: {stream: a}}\nsinks: [{stdout: {}}]\n",
     "f.yaml:2:10: this build has no source `kinesis`; it has: event_store, firehose"},
    {"name: p\nsource: {firehose: {traits: broken}}\nsinks: [{stdout: {}}]\n",
     "f.yaml:2:10: source firehose: listen 127.0.0.1:1: in use"},
    {"name: p\nsource: {firehose: {}, enabled: false}\nsinks: [{stdout: {}}]\n",
     "the source is not enabled"},
    {"name: p\nsource: {firehose: {}, lanes: 3}\nsinks: [{stdout: {}}]\n",
     "f.yaml:2:24: source firehose: this build has no `lanes` of a source"},
    {"name: p\nsource: {firehose: {}, rate: 3}\nsinks: [{stdout: {}}]\n",
     "this build has no `rate` of a source"},
    {"name: p\nsource: {firehose: {}, lane: 3}\nsinks: [{stdout: {}}]\n",
     "source firehose: unknown key `lane` beside it"},
    {"name: p\nsource: {firehose: {}, on_lost_position: resnapshot}\nsinks: [{stdout: {}}]\n",
     "f.yaml:2:42: this build has no `on_lost_position: resnapshot`; it has: fail, earliest,"},
    {"name: p\nsource: {firehose: {}, on_lost_position: never}\nsinks: [{stdout: {}}]\n",
     "`on_lost_position` must be one of fail, earliest, latest, not `never`"},
    {"name: p\nsource: {event_store: {}, format: dynamodb}\n"
     "sinks: [{stdout: {}}]\n",
     "source event_store takes no `format`: it gives events"},
};

TEST(Build, what_is_wrong_with_a_file_is_told_with_its_place) {
  for (const auto& [text, error] : kWrong) {
    EXPECT_NE(error_of(text).find(error), std::string::npos) << text << "\n" << error_of(text);
  }
}

TEST(Build, all_problems_of_a_file_are_told_at_once) {
  const std::string error =
      error_of("source: {kinesis: {}}\nsinks: [{files: {pth: a}}, {kafka: {}}]\nlimits: {a: 1}\n");
  for (const std::string part :
       {"`name`", "`kinesis`", "`pth`", "needs `path`", "`kafka`", "`a`"}) {
    EXPECT_NE(error.find(part), std::string::npos) << part << "\n" << error;
  }
}

TEST(Build, a_disabled_part_has_its_keys_checked_and_is_not_built) {
  const auto result =
      built(pipeline("dead_letter: {files: {path: ''}, enabled: ''}\n"
                     "checkpoint: {sqlite: {}, enabled: false}\n",
                     "  - stdout: {}\n"
                     "  - files: {path: '${UNSET}', password: '${file:/none}'}\n"
                     "    enabled: ${UNSET:+true}\n"));
  ASSERT_TRUE(result) << result.error().what;
  EXPECT_EQ(result->assembly.sinks.size(), 1U);
  EXPECT_EQ(result->assembly.dead_letter, nullptr);
  EXPECT_EQ(result->assembly.checkpoint, nullptr);
  EXPECT_NE(error_of(pipeline("", "  - stdout: {}\n  - files: {pth: a}\n    enabled: false\n"))
                .find("unknown setting `pth`"),
            std::string::npos);
}

TEST(Build, a_store_without_a_name_is_no_checkpoint_and_a_warning) {
  const auto result = built(pipeline("checkpoint: {sqlite: {path: '${UNSET:-}'}}\n"));
  ASSERT_TRUE(result) << result.error().what;
  EXPECT_EQ(result->assembly.checkpoint, nullptr);
  ASSERT_EQ(result->warnings.size(), 1U);
  EXPECT_NE(result->warnings[0].find("no checkpoint: the store has no name"), std::string::npos);
}

TEST(Build, a_source_that_needs_a_checkpoint_and_has_none_is_a_warning) {
  const std::string sinks = "\nsinks: [{stdout: {}}]\n";
  const auto warned = built("name: p\nsource: {event_store: {path: a}}" + sinks);
  ASSERT_TRUE(warned) << warned.error().what;
  ASSERT_EQ(warned->warnings.size(), 1U);
  EXPECT_NE(warned->warnings[0].find("has no `checkpoint`"), std::string::npos);
  for (const std::string settings : {"{inbox: a}", "{traits: no position}"}) {
    const auto quiet = built("name: p\nsource: {firehose: " + settings + "}" + sinks);
    ASSERT_TRUE(quiet) << quiet.error().what;
    EXPECT_TRUE(quiet->warnings.empty()) << settings;
  }
}

TEST(Build, a_batch_that_the_limits_never_fill_is_a_warning) {
  const auto result = built(pipeline("limits: {in_flight_events: 50, in_flight_bytes: 100KB}\n",
                                     "  - stdout: {}\n    batch: {events: 100, bytes: 1MiB}\n"));
  ASSERT_TRUE(result) << result.error().what;
  EXPECT_EQ(result->warnings.size(), 2U);
  EXPECT_EQ(result->assembly.spec.limits.read_events, 50U);
  EXPECT_EQ(result->assembly.spec.limits.read_bytes, 100'000U);
}

TEST(Build, a_source_without_a_format_of_its_own_needs_no_decoder) {
  for (const std::string format : {"", "format: raw, ", "format: '', "}) {
    const auto result =
        built("name: p\nsource: {" + format + "firehose: {inbox: a}}\nsinks: [{stdout: {}}]\n");
    ASSERT_TRUE(result) << result.error().what;
    EXPECT_EQ(result->assembly.decoder, nullptr) << format;
  }
}

Result<std::vector<std::string>> checked(const config::Node& file, bool read_secrets = true) {
  TestContext context;
  return check(file, test_registry(), context.context(), {.read_secrets = read_secrets});
}

TEST(Build, a_check_finds_what_a_build_refuses_and_all_of_it) {
  for (const auto& [text, error] : kWrong) {
    const auto result = checked(load(text));
    ASSERT_FALSE(result) << text;
    EXPECT_NE(result.error().what.find(error), std::string::npos) << result.error().what;
  }
  const auto result =
      checked(load("name: p\nsource: {firehose: {traits: broken}}\n"
                   "sinks: [{stdout: {}, lanes: 65}]\n"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().what,
            "f.yaml:2:10: source firehose: listen 127.0.0.1:1: in use\n"
            "f.yaml:3:10: sink stdout: `lanes` of 65 is more than the 64 it takes at once");
}

TEST(Build, a_check_leaves_out_what_has_a_value_that_was_not_read) {
  const int made = AnySource::made;
  const std::string secret = "'${file:/secret}'";
  const config::Node file =
      load("name: p\nsource: {firehose: {inbox: " + secret + ", traits: broken}}\nsinks:\n" +
               "  - files: {path: " + secret + ", compression: " + secret + "}\n" +
               "    when: {op: [{numeric: ['>', " + secret + "]}]}\n" +
               "  - files: {path: a}\n    name: " + secret + "\n    format: " + secret + "\n" +
               "checkpoint: {sqlite: {path: " + secret + "}}\n",
           {}, false);
  const auto warnings = checked(file, false);
  ASSERT_TRUE(warnings) << warnings.error().what;
  EXPECT_EQ(*warnings, std::vector<std::string>{});
  EXPECT_EQ(AnySource::made, made);
}

TEST(Build, a_pipeline_of_unknown_values_has_its_keys_checked) {
  const std::string secret = "'${file:/secret}'";
  const auto fine = checked(load("name: " + secret + "\nsource: " + secret + "\nsinks: " + secret +
                                     "\ncheckpoint: " + secret + "\n",
                                 {}, false),
                            false);
  EXPECT_TRUE(fine) << fine.error().what;
  const auto wrong = checked(load("name: p\nsource: {mongodb: {uri: " + secret + "}}\nsinks:\n" +
                                      "  - stdout: {pth: " + secret + "}\n",
                                  {}, false),
                             false);
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().what.find("no source `mongodb`"), std::string::npos);
  EXPECT_NE(wrong.error().what.find("unknown setting `pth`"), std::string::npos);
}

TEST(Build, the_examples_of_the_quickstart_are_built) {
  SystemFiles files;
  for (const auto& [name, sinks] : {std::pair{"quickstart-ingest", 2}, {"quickstart-emit", 1}}) {
    const std::string path = std::string(PENSTOCK_SOURCE_DIR "/examples/") + name + ".yaml";
    config::Problems problems;
    const auto file = config::load_file(path, files, {}, problems);
    ASSERT_TRUE(file) << file.error().what;
    TestContext context;
    const auto result = build(*file, test_registry(), context.context(), {});
    ASSERT_TRUE(result) << result.error().what;
    EXPECT_EQ(result->assembly.sinks.size(), static_cast<size_t>(sinks));
  }
}

TEST(Build, a_replay_has_no_stores_of_its_own_and_the_selection_of_a_run) {
  TestContext context;
  const auto file = load(kWhole);
  const auto run = built(kWhole);
  ASSERT_TRUE(run) << run.error().what;
  const auto replay = build_replay(file, test_registry(), context.context(),
                                   {.sink = "", .source = *AnySource::make({}, context.context())});
  ASSERT_TRUE(replay) << replay.error().what;
  EXPECT_FALSE(replay->assembly.spec.has_checkpoint);
  EXPECT_FALSE(replay->assembly.spec.has_dead_letter);
  const auto& sinks = replay->assembly.spec.sinks;
  ASSERT_EQ(sinks.size(), 2U);
  EXPECT_EQ(sinks[0].selection, run->assembly.spec.sinks[0].selection);
  EXPECT_EQ(sinks[1].selection, run->assembly.spec.sinks[1].selection);
  EXPECT_NE(sinks[0].selection, sinks[1].selection);
}

}  // namespace
}  // namespace penstock::pipeline_file
