#include "net/address.h"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "base/number.h"

namespace penstock::net {
namespace {

constexpr size_t kUrlBytesMax = 8192;
constexpr size_t kHostBytesMax = 253;

struct HostPort {
  std::string_view host;
  std::optional<std::string_view> port;
};

// Splits "host:port", "[v6]:port" or either without a port; nullopt for anything else.
std::optional<HostPort> split(std::string_view text) {
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    const std::string_view rest = text.substr(end + 1);
    if (rest.empty()) {
      return HostPort{text.substr(1, end - 1), std::nullopt};
    }
    if (rest.front() != ':') {
      return std::nullopt;
    }
    return HostPort{text.substr(1, end - 1), rest.substr(1)};
  }
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return HostPort{text, std::nullopt};
  }
  return HostPort{text.substr(0, colon), text.substr(colon + 1)};
}

bool is_host(std::string_view host, bool bracketed) {
  const auto fits = [bracketed](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    return letter || digit || c == '.' || c == '-' || c == '_' || (bracketed && c == ':');
  };
  return !host.empty() && host.size() <= kHostBytesMax && std::ranges::all_of(host, fits);
}

}  // namespace

Result<Address> parse_loopback_address(std::string_view text) {
  const auto parts = split(text);
  const auto port = parts && parts->port && !parts->port->empty()
                        ? number_from<uint16_t>(*parts->port)
                        : std::nullopt;
  if (!port) {
    return fatal(fmt::format("listen {}: this is no address; write it as 127.0.0.1:8687", text));
  }
  Address address{.host = std::string(parts->host), .port = *port};
  if (address.host == "localhost") {
    address.host = "127.0.0.1";
  }
  in_addr v4{};
  in6_addr v6{};
  if (::inet_pton(AF_INET, address.host.c_str(), &v4) == 1) {
    if ((ntohl(v4.s_addr) >> 24) == 127) {
      return address;
    }
  } else if (::inet_pton(AF_INET6, address.host.c_str(), &v6) == 1) {
    if (IN6_IS_ADDR_LOOPBACK(&v6)) {
      return address;
    }
  }
  return fatal(fmt::format(
      "listen {}: only loopback is allowed (127.0.0.1, ::1 or localhost), because nobody is asked "
      "for credentials; put a proxy with TLS in front to serve others",
      text));
}

Result<Url> parse_url(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    // Not the text itself: it may hold a secret.
    return fatal(fmt::format("url: {}", why));
  };
  if (text.size() > kUrlBytesMax) {
    return refuse("longer than 8192 bytes");
  }
  Url url;
  std::string_view rest = text;
  if (rest.starts_with("https://")) {
    url.tls = true;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return refuse("must start with http:// or https://");
  }
  const auto printable = [](char c) { return c > 0x20 && c < 0x7f; };
  if (!std::ranges::all_of(rest, printable)) {
    return refuse("has a blank, a control byte or a byte beyond ASCII; write it as %XX");
  }
  rest = rest.substr(0, rest.find('#'));
  const size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, authority_end);
  if (authority.find('@') != std::string_view::npos) {
    return fatal("url: user and password in a url are not supported; use an Authorization header");
  }
  const auto parts = split(authority);
  if (!parts || !is_host(parts->host, authority.starts_with('['))) {
    return refuse("has no usable host");
  }
  url.host = std::string(parts->host);
  url.port = url.tls ? 443 : 80;
  if (parts->port && !parts->port->empty()) {
    const auto port = number_from<uint16_t>(*parts->port);
    if (!port || *port == 0) {
      return refuse("has no usable port");
    }
    url.port = *port;
  }
  url.authority = std::string(authority);
  rest.remove_prefix(authority_end);
  url.target = rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
  return url;
}

std::string shown(const Url& url) {
  return fmt::format("{}://{}{}", url.tls ? "https" : "http", url.authority,
                     url.target == "/" ? "" : "/…");
}

}  // namespace penstock::net
