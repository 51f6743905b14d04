// Program: the real clock, disk, network and log, and everything this build knows; what a command
// works with. Owned by main(); the seams in it may be used by any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/system_log.h"
#include "cli/options.h"
#include "config/node.h"
#include "core/context.h"
#include "core/registry.h"
#include "net/http_client.h"
#include "net/http_server.h"

namespace penstock::cli {

class Program {
 public:
  explicit Program(const Options& options);

  Clock& clock() { return clock_; }
  SystemLog& log() { return log_; }
  Files& files() { return files_; }
  net::HttpServer& server() { return *server_; }
  net::HttpClient& http() { return *http_; }
  const Metrics& metrics() const { return metrics_; }
  const Registry& registry() const { return registry_; }
  Context context(std::string where);
  const HashKey& hash_key() const { return hash_key_; }

  // Writes a text to standard error, line by line, each with "penstock: " before the first.
  static void complain(std::string_view text);
  // Writes a command's result to standard output; false when nobody takes it.
  static bool print(std::string_view text);

 private:
  SystemClock clock_;
  SystemLog log_;
  SystemFiles files_;
  std::unique_ptr<net::HttpClient> http_;
  std::unique_ptr<net::HttpServer> server_;
  Metrics metrics_;
  Shared shared_;
  Registry registry_;
  uint64_t seed_;
  HashKey hash_key_;  // of all order keys of this process
};

// The value of an environment variable: the only place that asks for one.
std::optional<std::string> environment(std::string_view name);

}  // namespace penstock::cli
