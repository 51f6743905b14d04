#include "admin/server.h"

#include <string_view>

#include "net/address.h"

namespace penstock::admin {

namespace {

net::HttpAnswer plain(int status, std::string text) {
  return {.status = status,
          .content_type = "text/plain; charset=utf-8",
          .body = std::move(text) + "\n",
          .headers = {{"Cache-Control", "no-store"}}};
}

// A page of another site can make a browser send requests here under that site's own name, whose
// address it changed to loopback (DNS rebinding). The Host header gives it away.
bool names_loopback(std::string_view host) {
  std::string with_port(host);
  const size_t bracket = host.rfind(']');
  const size_t colon = host.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  if (!has_port) {
    with_port += ":80";
  }
  return net::parse_loopback_address(with_port).has_value();
}

}  // namespace

net::HttpAnswer answer(const net::HttpRequest& request, const Snapshot& snapshot) {
  if (!names_loopback(request.header("host"))) {
    return plain(403, "The Host header must name this machine: localhost, 127.0.0.1 or [::1].");
  }
  if (request.method != "GET") {
    net::HttpAnswer refused = plain(405, "Only GET: this server shows, it changes nothing.");
    refused.headers.emplace_back("Allow", "GET");
    return refused;
  }
  const std::string_view target = request.target;
  const std::string_view path = target.substr(0, target.find('?'));
  if (path == "/") {
    return plain(200, "Penstock's admin server: /metrics /healthz /readyz /api/status");
  }
  if (path == "/healthz") {
    return plain(200, "ok");
  }
  if (path == "/readyz") {
    Ready ready = readiness(snapshot().pipelines);
    return plain(ready.ready ? 200 : 503, std::move(ready.text));
  }
  if (path == "/metrics") {
    net::HttpAnswer page = plain(200, "");
    page.content_type = "text/plain; version=0.0.4; charset=utf-8";
    page.body = metrics_page(snapshot());
    return page;
  }
  if (path == "/api/status") {
    net::HttpAnswer page = plain(200, "");
    page.content_type = "application/json";
    page.body = status_page(snapshot());
    return page;
  }
  return plain(404, "Not here; there are /metrics, /healthz, /readyz and /api/status.");
}

Result<std::unique_ptr<net::HttpListener>> serve(net::HttpServer& server,
                                                 const std::string& address, Snapshot snapshot) {
  // A body is taken only so that its request can be told that there is nothing to send here.
  const net::ListenOptions options{.body_bytes_max = size_t{64} << 10,
                                   .header_bytes_max = size_t{16} << 10,
                                   .connections_max = 32};
  return server.listen(
      address, options,
      [kept = std::move(snapshot)](net::HttpRequest request, const net::Responder& respond) {
        respond(answer(request, kept));
      });
}

}  // namespace penstock::admin
