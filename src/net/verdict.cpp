#include "net/verdict.h"

#include <fmt/core.h>

#include <algorithm>
#include <ctime>

#include "base/number.h"

namespace penstock::net {
namespace {

constexpr Duration kRetryAfterMax = 1h;
constexpr size_t kShownMax = 200;
constexpr size_t kPieceMin = 8;  // of a path or query: shorter ones are words of any message
constexpr size_t kLookedMax = size_t{64} << 10;  // far more than is shown

std::optional<int64_t> date_of(const std::string& text) {
  // As RFC 9110 writes it, and the two older ways that it asks to be read.
  for (const char* const format :
       {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    std::tm parts{};
    const char* const end = ::strptime(text.c_str(), format, &parts);
    if (end != nullptr && *end == '\0') {
      return ::timegm(&parts);
    }
  }
  return std::nullopt;
}

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// How much of `text` to keep where `next` would come behind it: no character is cut.
size_t whole_characters(std::string_view text, char next) {
  size_t size = text.size();
  if (continues(next)) {
    while (size > 0 && continues(text[size - 1])) {
      --size;
    }
    size -= size > 0 ? 1 : 0;
  }
  return size;
}

std::optional<std::string> header_of(const ClientAnswer& answer, std::string_view wanted) {
  for (const auto& [name, value] : answer.headers) {
    if (name == wanted) {
      return value;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Error::Kind> kind_of_status(int status) {
  if (status >= 200 && status < 300) {
    return std::nullopt;
  }
  if (status < 400) {
    return Error::Kind::fatal;
  }
  if (status >= 500) {
    return Error::Kind::transient;
  }
  switch (status) {
    case 408:
    case 425:
    case 429:
      return Error::Kind::transient;
    case 401:
    case 403:
    case 407:
    case 404:
    case 405:
    case 410:
      return Error::Kind::fatal;
    default:
      return Error::Kind::rejected;
  }
}

// Whole seconds, or a date: by the server's clock where the answer has it, which need not agree
// with ours.
std::optional<Duration> retry_after_of(const ClientAnswer& answer, Timestamp now) {
  const std::optional<std::string> value = header_of(answer, "retry-after");
  if (!value) {
    return std::nullopt;
  }
  if (const std::optional<uint32_t> seconds = number_from<uint32_t>(*value)) {
    return std::min<Duration>(std::chrono::seconds(*seconds), kRetryAfterMax);
  }
  const std::optional<int64_t> until = date_of(*value);
  if (!until) {
    return std::nullopt;
  }
  const std::optional<int64_t> servers_now = date_of(header_of(answer, "date").value_or(""));
  const int64_t left = *until - servers_now.value_or(now.micros / 1'000'000);
  const int64_t most = std::chrono::duration_cast<std::chrono::seconds>(kRetryAfterMax).count();
  return std::chrono::seconds(std::clamp<int64_t>(left, 0, most));
}

void Secrets::add(std::string_view text) {
  if (text.size() < 2) {
    return;
  }
  const auto place = std::ranges::find_if(
      texts_, [text](const std::string& other) { return other.size() < text.size(); });
  texts_.insert(place, std::string(text));
}

void Secrets::add_url(const Url& url) {
  const std::string_view target = url.target;
  const size_t query = std::min(target.find('?'), target.size());
  add(target.substr(0, query));
  add(target.substr(query));
  for (size_t at = 0; at < target.size();) {
    const size_t end = std::min(target.find_first_of("/?&=", at), target.size());
    if (end - at >= kPieceMin) {
      add(target.substr(at, end - at));
    }
    at = end + 1;
  }
}

void Secrets::add_header(std::string_view value) {
  add(value);
  add(value.substr(value.rfind(' ') + 1));
}

size_t Secrets::secret_at(std::string_view text) const {
  for (const std::string& secret : texts_) {
    if (text.starts_with(secret)) {
      return secret.size();
    }
  }
  return 0;
}

// Looks for the secrets before anything is cut: the begin of one is a secret too.
std::string Secrets::without(std::string_view text, size_t size_max) const {
  constexpr std::string_view kEllipsis = "…";
  std::string shown;
  for (size_t at = 0; at < std::min(text.size(), kLookedMax);) {
    const size_t secret = secret_at(text.substr(at));
    if (shown.size() + (secret > 0 ? kEllipsis.size() : 1) > size_max) {
      shown.resize(whole_characters(shown, text[at]));
      break;
    }
    if (secret > 0) {
      shown += kEllipsis;
      at += secret;
      continue;
    }
    const char c = text[at++];
    shown += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return shown;
}

Error error_of(Error::Kind kind, const ClientAnswer& answer, const Secrets& secrets,
               Timestamp now) {
  Error error{.kind = kind, .what = fmt::format("{}", answer.status), .retry_after = std::nullopt};
  if (!answer.body.empty()) {
    error.what += ": ";
    error.what += secrets.without(answer.body, kShownMax);
  }
  if (kind == Error::Kind::transient) {
    error.retry_after = retry_after_of(answer, now);
  }
  return error;
}

Result<> verdict_of(const ClientAnswer& answer, const Secrets& secrets, const Advice& advice,
                    Timestamp now) {
  const std::optional<Error::Kind> kind = kind_of_status(answer.status);
  if (!kind) {
    return {};
  }
  Error error = error_of(*kind, answer, secrets, now);
  if (*kind == Error::Kind::fatal) {
    if (answer.status < 400) {
      error.what += " (redirects are not followed: set the url to where it leads)";
    } else {
      const bool refused = answer.status == 401 || answer.status == 403 || answer.status == 407;
      error.what += fmt::format(" ({})", refused ? advice.credentials : advice.address);
    }
  }
  return std::unexpected(std::move(error));
}

}  // namespace penstock::net
