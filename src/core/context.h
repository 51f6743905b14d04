// Context: the only way of a component to time, chance, network and disk. Passed to make(); the
// referenced objects outlive every component. Any thread.
#pragma once

#include <memory>
#include <string>

#include "base/files.h"
#include "base/keyed_hash.h"
#include "base/log.h"
#include "base/random.h"
#include "base/time.h"
#include "net/tls_files.h"

namespace penstock {

class Encoder;  // core/codec.h

namespace net {
class HttpClient;  // net/http_client.h
class HttpServer;  // net/http_server.h
}  // namespace net

struct Context {
  Clock& clock;
  Log& log;
  Files& files;
  net::HttpClient& http;                   // a pool of connections
  net::HttpServer& server;                 // listeners are opened by make() or the source's parts()
  std::string where;                       // "pipeline/component", for log lines and errors
  uint64_t seed;                           // of this component's Random
  std::shared_ptr<const Encoder> encoder;  // of a sink: made from its `format`; else null
  net::TlsFiles tls = {};                  // of a source or sink that takes them
  std::string source_identity = {};        // of a checkpoint store: its pipeline's source
  HashKey hash_key = {};                   // the process's secret, for order keys
};

}  // namespace penstock
