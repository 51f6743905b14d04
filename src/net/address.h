// Address: "host:port" of a listener, and Url: "http://host:port/target" of a request; both parsed
// from outside text. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace penstock::net {

struct Address {
  std::string host;  // an IP address without brackets
  uint16_t port = 0;
};

// "127.0.0.1:80", "[::1]:0", "localhost:80" (which is 127.0.0.1). `fatal` for anything that is not
// on loopback.
Result<Address> parse_loopback_address(std::string_view text);

struct Url {
  bool tls = false;
  std::string host;  // without brackets
  uint16_t port = 0;
  std::string target;     // path and query, at least "/"
  std::string authority;  // for the Host header
};

// `fatal` for what is no http:// or https:// url, has user information, or bytes that cannot stand
// in a request line. A fragment is dropped.
Result<Url> parse_url(std::string_view text);
// For logs and errors: "https://host:8443/…". The path and the query of a webhook are its secret.
std::string shown(const Url& url);

}  // namespace penstock::net
