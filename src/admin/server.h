// AdminServer: /metrics, /healthz, /readyz and /api/status on loopback. Only reads, and only
// snapshots. Owned by the program; the snapshot function is called on the HTTP server's threads.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "admin/pages.h"
#include "net/http_server.h"

namespace penstock::admin {

using Snapshot = std::function<Seen()>;

// The answer to one request; nothing but the listener calls it, tests apart.
net::HttpAnswer answer(const net::HttpRequest& request, const Snapshot& snapshot);

// Serves until the listener is destroyed.
Result<std::unique_ptr<net::HttpListener>> serve(net::HttpServer& server,
                                                 const std::string& address, Snapshot snapshot);

}  // namespace penstock::admin
