// What an answer means to whoever sent the request: the one table of status codes, the wait that a
// server asks for, and its words fit to be shown. For every client that talks HTTP; one whose
// service says more in the body (an AWS error code) finds the kind itself and asks error_of() for
// the rest. Values; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"
#include "net/http_client.h"

namespace penstock::net {

// Of a whole answer, or of one item where a service gives each its own. Nothing: it was taken.
std::optional<Error::Kind> kind_of_status(int status);

// How long the server asks to wait, at most an hour; nothing where it does not say.
std::optional<Duration> retry_after_of(const ClientAnswer& answer, Timestamp now);

// Texts that servers repeat in their refusals and that must not be shown.
class Secrets {
 public:
  void add(std::string_view text);          // one of a single byte is none
  void add_url(const Url& url);             // path and query, and the long pieces of both
  void add_header(std::string_view value);  // also the credentials behind "Bearer "
  // The text in one line, cut at `size_max` bytes, with an ellipsis for each secret.
  std::string without(std::string_view text, size_t size_max) const;

 private:
  size_t secret_at(std::string_view text) const;  // how long the one is that begins here; 0: none
  std::vector<std::string> texts_;                // the longest first
};

// What a person is told to look at.
struct Advice {
  std::string_view credentials = "check the credentials";
  std::string_view address = "check the url";
};

// "503: its body", and the wait where the kind is `transient`.
Error error_of(Error::Kind kind, const ClientAnswer& answer, const Secrets& secrets, Timestamp now);

// Nothing for what was taken, else the error that kind_of_status() says, with what to do.
Result<> verdict_of(const ClientAnswer& answer, const Secrets& secrets, const Advice& advice,
                    Timestamp now);

}  // namespace penstock::net
