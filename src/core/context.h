// Context: the only way of a component to time, chance, network and disk, to what it shares with
// others, and to metrics of its own. Passed to make(); the referenced objects outlive every
// component. Any thread.
#pragma once

#include <memory>
#include <string>

#include "base/files.h"
#include "base/keyed_hash.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/time.h"
#include "core/shared.h"
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
  Metrics& metrics;                        // see counter() and gauge()
  Shared& shared;                          // clients and the like, one in the process
  std::string where;                       // "pipeline/component", for log lines and errors
  uint64_t seed;                           // of this component's Random
  std::shared_ptr<const Encoder> encoder;  // of a sink: made from its `format`; else null
  net::TlsFiles tls = {};                  // of a source or sink that takes them
  std::string source_identity = {};        // of a checkpoint store: its pipeline's source
  HashKey hash_key = {};                   // the process's secret, for order keys

  // A series of this component, labelled with its pipeline and its name: made once, not for each
  // event, kept as a member, and shown on /metrics as long as it is. What more labels tell apart is
  // known before: a class of answers, never a name from data.
  Counter counter(const MetricName& name, MetricLabels more = {}) const;
  Gauge gauge(const MetricName& name, MetricLabels more = {}) const;
};

}  // namespace penstock
