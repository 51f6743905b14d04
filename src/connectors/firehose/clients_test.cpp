// Amazon's own clients against the source: tests/firehose_clients.py does the talking.
#include <gtest/gtest.h>

#include <cstdio>

#include "base/base64.h"
#include "connectors/firehose/source.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "sim/sim_files.h"

namespace penstock::firehose {
namespace {

TEST(FirehoseClientsTest, takes_what_boto3_and_the_cli_send_byte_for_byte) {
  SystemClock clock;
  NullLog log;
  sim::SimFiles files;
  const auto client = net::HttpClient::make();
  const auto server = net::HttpServer::make();
  Metrics metrics;
  Shared shared;
  FirehoseSource::Settings settings;
  settings.listen = "127.0.0.1:0";
  settings.inbox = "box";
  const auto source = FirehoseSource::make(settings, {.clock = clock,
                                                      .log = log,
                                                      .files = files,
                                                      .http = *client,
                                                      .server = *server,
                                                      .metrics = metrics,
                                                      .shared = shared,
                                                      .where = "test/firehose",
                                                      .seed = 1,
                                                      .encoder = nullptr})
                          .value();
  const auto part = source->parts({}, {}).value().front();
  const std::string command = "/usr/bin/python3 " PENSTOCK_SOURCE_DIR
                              "/tests/firehose_clients.py http://" +
                              dynamic_cast<const FirehoseSource&>(*source).address();
  std::FILE* const output = ::popen(command.c_str(), "r");
  ASSERT_NE(output, nullptr);
  std::string text;
  char bytes[65536];
  for (size_t got = 0; (got = std::fread(bytes, 1, sizeof bytes, output)) > 0;) {
    text.append(bytes, got);
  }
  ASSERT_EQ(::pclose(output), 0);

  const auto reader = source->open(part, std::nullopt, {}, {}).value();
  size_t at = 0;
  size_t count = 0;
  while (true) {
    EventBlock block;
    const Read read = reader->read(block, {}, {}).value();
    for (const Event& event : block.events) {
      const size_t end = text.find('\n', at);
      ASSERT_NE(end, std::string::npos);
      const std::string_view line = std::string_view(text).substr(at, end - at);
      std::string expected(base64_bytes_max(line.size()), '\0');
      expected.resize(read_base64(line, expected.data(), Base64Tail::zero).value());
      ASSERT_EQ(event.raw, expected) << "record " << count;
      at = end + 1;
      ++count;
    }
    if (read.caught_up) {
      break;
    }
  }
  EXPECT_EQ(at, text.size());
  EXPECT_GT(count, 500u);
}

}  // namespace
}  // namespace penstock::firehose
