// What a TLS connection of ours is made with. For the files of this folder only, because it
// includes Boost.Asio. Any thread.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "base/result.h"
#include "net/tls_files.h"

namespace penstock::net {

using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

// For a client, which always verifies the server. `fatal` when a file cannot be used.
Result<TlsContext> make_tls_context(const TlsFiles& files);

}  // namespace penstock::net
