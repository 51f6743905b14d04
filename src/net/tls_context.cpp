#include "net/tls_context.h"

#include <fmt/core.h>

namespace penstock::net {

namespace {

namespace ssl = boost::asio::ssl;
using Failure = boost::system::error_code;

Result<> usable(const Failure& failure, std::string_view key, const std::string& path) {
  if (!failure) {
    return {};
  }
  return fatal(fmt::format("tls.{} {}: {}; it takes a file in PEM format that this user may read",
                           key, path, failure.message()));
}

}  // namespace

Result<TlsContext> make_tls_context(const TlsFiles& files) {
  if (files.cert.empty() != files.key.empty()) {
    return fatal("tls: `cert` and `key` go together; give both or neither");
  }
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  context->set_verify_mode(ssl::verify_peer);
  context->set_options(ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
  // Without this OpenSSL would ask at the terminal for the password of an encrypted key.
  context->set_password_callback([](size_t, ssl::context::password_purpose) { return ""; });
  Failure failure;
  if (files.ca.empty()) {
    context->set_default_verify_paths(failure);
  } else {
    context->load_verify_file(files.ca, failure);
  }
  TRY(usable(failure, "ca", files.ca));
  if (!files.cert.empty()) {
    context->use_certificate_chain_file(files.cert, failure);
    TRY(usable(failure, "cert", files.cert));
    context->use_private_key_file(files.key, ssl::context::pem, failure);
    TRY(usable(failure, "key", files.key));
  }
  return context;
}

}  // namespace penstock::net
