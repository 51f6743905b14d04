// TlsFiles: the certificates of one connector, as paths of PEM files. A value.
#pragma once

#include <compare>
#include <string>

namespace penstock::net {

struct TlsFiles {
  std::string ca = {};    // the authorities to trust; "": those of the system
  std::string cert = {};  // our own certificate, for servers that ask for one, and its chain
  std::string key = {};   // of our own certificate
  auto operator<=>(const TlsFiles&) const = default;
};

}  // namespace penstock::net
