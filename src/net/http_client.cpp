#include "net/http_client.h"

#include <fmt/core.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <map>
#include <optional>
#include <thread>

#include "base/mutex.h"
#include "net/address.h"
#include "net/tls_context.h"

namespace penstock::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Failure = beast::error_code;
using Steady = std::chrono::steady_clock;

constexpr size_t kIdleMax = 64;         // connections kept for one host
constexpr Duration kIdleTime = 20s;     // below what servers and balancers close after
constexpr Duration kDeadlineMax = 24h;  // so that no sum overflows
constexpr uint64_t kAnswerBytesMax = uint64_t{64} << 20;
constexpr size_t kReadAhead = size_t{64} << 10;

// With the executor that is used, because the one of tcp::socket, which can be any, takes several
// times as long to compile.
using Socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;

struct Connection {
  explicit Connection(TlsContext with) : tls(std::move(with)) {
    if (tls != nullptr) {
      secure.emplace(io, *tls);
    } else {
      plain.emplace(io);
    }
  }
  Socket& lowest() { return secure ? secure->next_layer() : *plain; }
  // False when the peer has closed it, or has sent what nobody asked for.
  bool is_quiet() {
    char byte = 0;
    const auto got = ::recv(lowest().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

  TlsContext tls;  // null: none
  asio::io_context io{1};
  std::optional<Socket> plain;
  std::optional<asio::ssl::stream<Socket>> secure;
  beast::flat_buffer buffer;
  Steady::time_point idle_since;
};
using ConnectionPtr = std::unique_ptr<Connection>;

// Name look-up cannot be interrupted, so it has a thread that nobody waits for longer than they
// may; what the thread touches is its own or shared.
struct LookUp {
  Mutex mutex;
  StoppableCondition changed;
  bool done GUARDED_BY(mutex) = false;
  int code GUARDED_BY(mutex) = 0;
  std::vector<tcp::endpoint> found GUARDED_BY(mutex);

  void run(const std::string& host, uint16_t port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const int outcome = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
    std::vector<tcp::endpoint> endpoints;
    for (const addrinfo* at = list; outcome == 0 && at != nullptr; at = at->ai_next) {
      tcp::endpoint endpoint;
      if (at->ai_addrlen <= endpoint.capacity()) {
        std::copy_n(reinterpret_cast<const char*>(at->ai_addr), at->ai_addrlen,
                    reinterpret_cast<char*>(endpoint.data()));
        endpoint.resize(at->ai_addrlen);
        endpoint.port(port);
        endpoints.push_back(endpoint);
      }
    }
    if (list != nullptr) {
      ::freeaddrinfo(list);
    }
    const MutexLock lock(mutex);
    done = true;
    code = outcome;
    found = std::move(endpoints);
    changed.notify_all();
  }
};

// One request on its way: where it goes, until when, and how its errors begin.
struct Call {
  const ClientRequest& request;
  const Url& url;
  Steady::time_point deadline;
  const Stop& stop;

  std::unexpected<Error> failed(std::string_view step, std::string_view why) const {
    return transient(fmt::format("{} {}: {}: {}", request.method, shown(url), step, why));
  }
  // An error when there is no time left or nobody waits any more.
  Result<> check(std::string_view step) const {
    if (stop.stop_requested()) {
      return fail(Error::Kind::cancelled, "stopped");
    }
    if (Steady::now() >= deadline) {
      return failed(step, "no answer in time");
    }
    return {};
  }
};

// What every step calls at its end; one type for all, so that Asio is compiled once.
struct Done {
  std::optional<Failure>* outcome;
  void operator()(Failure failure) const { *outcome = failure; }
  void operator()(Failure failure, size_t) const { *outcome = failure; }
  void operator()(Failure failure, const tcp::endpoint&) const { *outcome = failure; }
};

// Starts one asynchronous step and drives it to its end, the deadline, or the stop.
template <class Start>
Result<> drive(const Call& call, Connection& connection, std::string_view step, Start start) {
  std::optional<Failure> outcome;
  start(Done{&outcome});
  const std::stop_callback wake(call.stop, [&connection] { asio::post(connection.io, [] {}); });
  Result<> verdict;
  while (!outcome) {
    verdict = call.check(step);
    if (!verdict) {
      Failure ignored;  // closing is how an operation is called off
      connection.lowest().close(ignored);
      while (!outcome) {
        connection.io.restart();
        connection.io.run_one();
      }
      return verdict;
    }
    connection.io.restart();
    connection.io.run_one_until(call.deadline);
  }
  if (*outcome) {
    return call.failed(step, outcome->message());
  }
  return {};
}

Result<std::vector<tcp::endpoint>> resolve(const Call& call) {
  Failure not_numeric;
  const auto address = asio::ip::make_address(call.url.host, not_numeric);
  if (!not_numeric) {
    return std::vector<tcp::endpoint>{tcp::endpoint(address, call.url.port)};
  }
  const auto look_up = std::make_shared<LookUp>();
  std::thread([look_up, host = call.url.host, port = call.url.port] {
    look_up->run(host, port);
  }).detach();
  LookUp& shared = *look_up;
  const MutexLock lock(shared.mutex);
  const bool done = shared.changed.wait_for(shared.mutex, call.stop, call.deadline - Steady::now(),
                                            [&]() REQUIRES(shared.mutex) { return shared.done; });
  if (!done) {
    TRY(call.check("look up the host"));
    return call.failed("look up the host", "no answer in time");
  }
  if (shared.code != 0) {
    return call.failed("look up the host", ::gai_strerror(shared.code));
  }
  return shared.found;
}

Result<> connect(const Call& call, Connection& connection) {
  TRY(const std::vector<tcp::endpoint> endpoints, resolve(call));
  TRY(drive(call, connection, "connect",
            [&](Done done) { asio::async_connect(connection.lowest(), endpoints, done); }));
  Failure ignored;  // an option that is refused costs speed only
  connection.lowest().set_option(tcp::no_delay(true), ignored);
  if (!connection.secure) {
    return {};
  }
  auto& stream = *connection.secure;
  stream.set_verify_callback(asio::ssl::host_name_verification(call.url.host));
  if (SSL_set_tlsext_host_name(stream.native_handle(), call.url.host.c_str()) != 1) {
    return call.failed("TLS", "the host name is refused");
  }
  Result<> done = drive(call, connection, "TLS handshake", [&](Done handler) {
    stream.async_handshake(asio::ssl::stream_base::client, handler);
  });
  const long verified = SSL_get_verify_result(stream.native_handle());
  if (!done && verified != X509_V_OK) {
    done.error().what += fmt::format(" ({})", X509_verify_cert_error_string(verified));
  }
  return done;
}

struct Exchange {
  ClientAnswer answer;
  bool keep_alive = false;
};

std::string head_of(const Call& call) {
  const ClientRequest& request = call.request;
  http::fields fields;  // a header of the caller takes the place of ours
  fields.set(http::field::host, call.url.authority);
  fields.set(http::field::user_agent, "penstock");
  for (const auto& [name, value] : request.headers) {
    fields.set(name, value);
  }
  fields.erase(http::field::content_length);
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    fields.set(http::field::content_length, std::to_string(request.body.size()));
  }
  std::string head = fmt::format("{} {} HTTP/1.1\r\n", request.method, call.url.target);
  for (const auto& field : fields) {
    head += std::string_view(field.name_string());
    head += ": ";
    head += std::string_view(field.value());
    head += "\r\n";
  }
  head += "\r\n";
  return head;
}

using Parser = http::response_parser<http::string_body>;

// Reads one answer, of which the connection's buffer may hold the beginning.
template <class Stream>
Result<> read_answer(const Call& call, Connection& connection, Stream& stream, Parser& parser) {
  constexpr std::string_view kStep = "wait for the answer";
  parser.eager(true);
  parser.body_limit(kAnswerBytesMax);
  parser.skip(call.request.method == "HEAD");
  beast::flat_buffer& buffer = connection.buffer;
  while (!parser.is_done()) {
    Failure failure = http::error::need_more;
    if (buffer.size() > 0) {
      buffer.consume(parser.put(buffer.data(), failure));
    }
    if (failure && failure != http::error::need_more) {
      return call.failed(kStep, failure.message());
    }
    if (!failure) {
      continue;
    }
    size_t bytes = 0;
    bool ended = false;
    TRY(drive(call, connection, kStep, [&](Done done) {
      stream.async_read_some(buffer.prepare(kReadAhead), [&, done](Failure outcome, size_t count) {
        bytes = count;
        ended = outcome == asio::error::eof;
        done(ended ? Failure() : outcome);
      });
    }));
    buffer.commit(bytes);
    if (!ended) {
      continue;
    }
    failure = http::error::end_of_stream;
    if (parser.got_some()) {
      parser.put_eof(failure);
    }
    if (failure) {
      return call.failed(kStep, failure.message());
    }
  }
  return {};
}

template <class Stream>
Result<Exchange> exchange(const Call& call, Connection& connection, Stream& stream) {
  const std::string head = head_of(call);
  const std::array<asio::const_buffer, 2> buffers = {asio::buffer(head),
                                                     asio::buffer(call.request.body)};
  TRY(drive(call, connection, "send",
            [&](Done done) { asio::async_write(stream, buffers, done); }));
  std::optional<Parser> parser;
  do {  // 1xx announce, and are no answers
    parser.emplace();
    TRY(read_answer(call, connection, stream, *parser));
  } while (parser->get().result_int() / 100 == 1);
  auto received = parser->release();
  Exchange done;
  done.keep_alive = received.keep_alive() && connection.buffer.size() == 0;
  done.answer.status = static_cast<int>(received.result_int());
  for (const auto& field : received.base()) {
    std::string name(field.name_string());
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    done.answer.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  done.answer.body = std::move(received.body());
  return done;
}

bool is_header_safe(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

Result<> check_headers(const ClientRequest& request) {
  for (const auto& [name, value] : request.headers) {
    TRY(check_header(name, value));
  }
  return {};
}

class BeastClient final : public HttpClient {
 public:
  Result<ClientAnswer> send(const ClientRequest& request, Stop stop) override {
    TRY(const Url url, parse_url(request.url));
    TRY(check_headers(request));
    const Call call{
        .request = request,
        .url = url,
        .deadline = Steady::now() + std::clamp<Duration>(request.deadline, 0ns, kDeadlineMax),
        .stop = stop};
    try {
      return send(call);
    } catch (const std::exception& error) {  // of Boost or OpenSSL: out of memory
      return call.failed("send", error.what());
    }
  }

  Result<> check(const TlsFiles& files) override {
    try {
      TRY(make_tls_context(files));
      return {};
    } catch (const std::exception& error) {
      return fatal(fmt::format("tls: {}", error.what()));
    }
  }

 private:
  struct Peer {  // whom a connection leads to, and as whom
    std::string host;
    uint16_t port = 0;
    bool secure = false;
    TlsFiles tls;
    auto operator<=>(const Peer&) const = default;
  };

  Result<ClientAnswer> send(const Call& call) {
    const Peer peer{.host = call.url.host,
                    .port = call.url.port,
                    .secure = call.url.tls,
                    .tls = call.url.tls ? call.request.tls : TlsFiles{}};
    ConnectionPtr connection = take(peer);
    const bool fresh = !connection;
    if (fresh) {
      TRY(TlsContext tls, peer.secure ? this->tls(call) : Result<TlsContext>());
      connection = std::make_unique<Connection>(std::move(tls));
    }
    Result<Exchange> done = exchange(call, *connection, fresh);
    if (!done) {
      forget(connection->tls);
      return std::unexpected(std::move(done).error());
    }
    if (done->keep_alive) {
      put_back(peer, std::move(connection));
    }
    return std::move(done->answer);
  }

  static Result<Exchange> exchange(const Call& call, Connection& connection, bool fresh) {
    if (fresh) {
      TRY(connect(call, connection));
    }
    return connection.secure ? net::exchange(call, connection, *connection.secure)
                             : net::exchange(call, connection, *connection.plain);
  }

  // Made once, because the system's store of certificates takes time and memory to load.
  Result<TlsContext> tls(const Call& call) {
    const MutexLock lock(mutex_);
    TlsContext& known = tls_[call.request.tls];
    if (known == nullptr) {
      Result<TlsContext> made = make_tls_context(call.request.tls);
      if (!made) {  // check() said at the start whether they can be used at all
        return call.failed("TLS", made.error().what);
      }
      known = std::move(*made);
    }
    return known;
  }

  // After a failure the files are read again: they may have been replaced.
  void forget(const TlsContext& context) {
    const MutexLock lock(mutex_);
    std::erase_if(tls_, [&](const auto& known) { return known.second == context; });
  }

  ConnectionPtr take(const Peer& key) {
    std::vector<ConnectionPtr> stale;  // closed without the lock
    const MutexLock lock(mutex_);
    auto& idle = idle_[key];
    while (!idle.empty()) {
      ConnectionPtr connection = std::move(idle.back());
      idle.pop_back();
      if (Steady::now() - connection->idle_since < kIdleTime && connection->is_quiet()) {
        return connection;
      }
      stale.push_back(std::move(connection));
    }
    return nullptr;
  }

  void put_back(const Peer& key, ConnectionPtr connection) {
    connection->idle_since = Steady::now();
    const MutexLock lock(mutex_);
    auto& idle = idle_[key];
    if (idle.size() < kIdleMax) {
      idle.push_back(std::move(connection));
    }
  }

  Mutex mutex_;
  std::map<TlsFiles, TlsContext> tls_ GUARDED_BY(mutex_);
  std::map<Peer, std::vector<ConnectionPtr>> idle_ GUARDED_BY(mutex_);
};

}  // namespace

Result<> check_header(std::string_view name, std::string_view value) {
  constexpr size_t kValueMax = 60'000;
  if (name.empty() || !is_header_safe(name) || !is_header_safe(value) ||
      name.find_first_of(": ") != std::string_view::npos || value.size() > kValueMax) {
    return fatal(
        fmt::format("http header {}: cannot be sent; it is empty, too long or has a line break",
                    name.substr(0, 50)));
  }
  return {};
}

std::unique_ptr<HttpClient> HttpClient::make() {
  return std::make_unique<BeastClient>();
}

}  // namespace penstock::net
