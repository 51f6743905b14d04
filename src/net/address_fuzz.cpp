#include "base/check.h"
#include "net/address.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)penstock::net::parse_loopback_address(text);  // only its not crashing is of interest
  if (const auto url = penstock::net::parse_url(text)) {
    CHECK(url->target.starts_with('/'));
    CHECK(url->target.find_first_of("\r\n \t") == std::string::npos);
    CHECK(url->authority.find_first_of("\r\n/@") == std::string::npos);
    CHECK(!url->host.empty());
    CHECK(url->port != 0);
  }
  return 0;
}
