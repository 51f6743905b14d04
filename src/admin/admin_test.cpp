#include <gtest/gtest.h>

#include "admin/pages.h"
#include "admin/server.h"

namespace penstock::admin {
namespace {

using engine::State;
using engine::Status;

Status example() {
  Status status;
  status.name = "ingest";
  status.state = State::running;
  status.lag_seconds = 1.5;
  status.behind = 250ms;
  status.in_flight_events = 3;
  status.parts.push_back({.id = "part \"0\"\n\\",
                          .read = 10,
                          .settled = 9,
                          .saved = 8,
                          .committed = 7,
                          .newest_read = {1'700'000'000'000'000},
                          .newest_settled = {},
                          .caught_up = false,
                          .ended = false});
  engine::SinkStatus sink;
  sink.name = "files";
  sink.events = 9;
  sink.retries = 2;
  sink.latency_counts[1] = 4;
  sink.latency_counts[engine::kLatencyBounds.size()] = 1;
  sink.latency_seconds = 31.5;
  sink.failing = "http://x: 503 \xff";
  sink.failing_for = 90s;
  status.sinks.push_back(sink);
  return status;
}

net::HttpAnswer get(std::string target, std::string host = "127.0.0.1:8686",
                    std::string method = "GET") {
  net::HttpRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.headers = {{"host", std::move(host)}};
  return answer(request, [] { return Seen{.pipelines = {example()}}; });
}

void expect_has(const std::string& text, const std::string& what) {
  EXPECT_NE(text.find(what), std::string::npos) << "no " << what << " in\n" << text;
}

TEST(AdminPages, metrics_hold_the_four_progress_numbers_of_each_part) {
  const std::string page = metrics_page({.pipelines = {example()}});
  const std::string labels = "{pipeline=\"ingest\",part=\"part \\\"0\\\"\\n\\\\\"} ";
  expect_has(page, "penstock_read_events_total" + labels + "10\n");
  expect_has(page, "penstock_settled_events_total" + labels + "9\n");
  expect_has(page, "penstock_saved_events_total" + labels + "8\n");
  expect_has(page, "penstock_committed_events_total" + labels + "7\n");
  expect_has(page, "penstock_lag_seconds{pipeline=\"ingest\"} 1.5\n");
  expect_has(page, "penstock_source_behind_seconds{pipeline=\"ingest\"} 0.25\n");
  EXPECT_EQ(page.find("penstock_source_headroom_seconds{"), std::string::npos);
  expect_has(page, "penstock_pipeline_state{pipeline=\"ingest\",state=\"running\"} 1\n");
}

TEST(AdminPages, metrics_hold_a_cumulative_histogram_of_each_sink) {
  const std::string page = metrics_page({.pipelines = {example()}});
  const std::string labels = "{pipeline=\"ingest\",sink=\"files\"";
  expect_has(page, "penstock_write_seconds_bucket" + labels + ",le=\"0.0001\"} 0\n");
  expect_has(page, "penstock_write_seconds_bucket" + labels + ",le=\"0.00025\"} 4\n");
  expect_has(page, "penstock_write_seconds_bucket" + labels + ",le=\"30\"} 4\n");
  expect_has(page, "penstock_write_seconds_bucket" + labels + ",le=\"+Inf\"} 5\n");
  expect_has(page, "penstock_write_seconds_count" + labels + "} 5\n");
  expect_has(page, "penstock_write_seconds_sum" + labels + "} 31.5\n");
  expect_has(page, "penstock_sink_failing_seconds" + labels + "} 90.000\n");
}

TEST(AdminPages, parts_without_end_do_not_make_labels_without_end) {
  Status status = example();
  status.parts.assign(10 * kPartsMax, status.parts.front());
  const std::string page = metrics_page({.pipelines = {status}});
  expect_has(page, "penstock_read_events_total{pipeline=\"ingest\",part=\"other\"} " +
                       std::to_string(10 * (10 * kPartsMax - kPartsMax + 1)) + "\n");
}

TEST(AdminPages, status_is_json_whatever_the_names_hold) {
  const std::string page = status_page({.pipelines = {example()}});
  expect_has(page, R"("name":"ingest","state":"running","lag_seconds":1.5)");
  expect_has(page, R"("id":"part \"0\"\\n\\","read":10,"settled":9,"saved":8,"committed":7)");
  expect_has(page, R"("failing":"http://x: 503 \\xff","failing_seconds":90.000)");
}

TEST(AdminPages, both_pages_show_what_components_count_without_knowing_them) {
  Metrics metrics;
  const Counter answers =
      metrics.counter({"penstock_answers_total", "Answers."},
                      {{"pipeline", "ingest"}, {"component", "a \"b\""}, {"class", "5xx"}});
  const Gauge other = metrics.gauge({"penstock_bytes", "Bytes."}, {{"pipeline", "other"}});
  answers.add(3);
  other.set(7);
  const Seen seen{.pipelines = {example()}, .components = metrics.families()};
  const std::string page = metrics_page(seen);
  expect_has(
      page,
      "# HELP penstock_answers_total Answers.\n# TYPE penstock_answers_total counter\n"
      "penstock_answers_total{pipeline=\"ingest\",component=\"a \\\"b\\\"\",class=\"5xx\"} 3\n");
  expect_has(page, "# TYPE penstock_bytes gauge\npenstock_bytes{pipeline=\"other\"} 7\n");
  expect_has(status_page(seen), R"("metrics":[{"name":"penstock_answers_total","value":3,"labels":)"
                                R"({"pipeline":"ingest","component":"a \"b\"","class":"5xx"}}]})");
}

TEST(AdminPages, a_failed_pipeline_is_not_ready_and_says_why) {
  Status failed = example();
  failed.state = State::failed;
  failed.reason = "sink files: disk full";
  const Ready ready = readiness(std::vector<Status>{example(), failed});
  EXPECT_FALSE(ready.ready);
  EXPECT_EQ(ready.text, "ingest: failed: sink files: disk full");
  EXPECT_TRUE(readiness(std::vector<Status>{example()}).ready);
}

TEST(AdminServer, answers_its_pages_to_get_only) {
  for (const char* target : {"/", "/metrics", "/healthz", "/readyz", "/api/status?x=1"}) {
    EXPECT_EQ(get(target).status, 200) << target;
    EXPECT_EQ(get(target, "localhost:8686", "POST").status, 405) << target;
  }
  EXPECT_EQ(get("/metricsx").status, 404);
}

TEST(AdminServer, refuses_a_host_that_is_not_this_machine) {
  for (const char* host : {"evil.example", "evil.example:8686", "", "127.0.0.1.evil.example:80",
                           "10.0.0.1:8686", "localhost.evil"}) {
    EXPECT_EQ(get("/metrics", host).status, 403) << host;
  }
  for (const char* host : {"localhost", "127.0.0.1", "[::1]:8686", "[::1]", "127.0.0.1:1"}) {
    EXPECT_EQ(get("/metrics", host).status, 200) << host;
  }
}

TEST(AdminServer, serves_on_a_port_and_says_when_it_is_taken) {
  const auto server = net::HttpServer::make();
  const auto snapshot = [] { return Seen{}; };
  auto first = serve(*server, "127.0.0.1:0", snapshot);
  ASSERT_TRUE(first.has_value()) << first.error().what;
  const auto second = serve(*server, (*first)->address(), snapshot);
  ASSERT_FALSE(second.has_value());
  expect_has(second.error().what, (*first)->address());
}

}  // namespace
}  // namespace penstock::admin
