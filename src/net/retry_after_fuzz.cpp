// Any bytes as the headers of a server that is busy, Retry-After and Date on a line each: the wait
// is none or within its bounds.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "net/verdict.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(input.find('\n'), size);
  const net::ClientAnswer answer{
      .status = 503,
      .headers = {{"retry-after", std::string(input.substr(0, end))},
                  {"date", std::string(input.substr(std::min(end + 1, size)))}},
      .body = ""};
  const Error error =
      net::error_of(Error::Kind::transient, answer, {}, Timestamp{784'111'700'000'000});
  if (const auto& wait = error.retry_after) {
    CHECK(*wait >= Duration(0));
    CHECK(*wait <= Duration(1h));
  }
  return 0;
}
