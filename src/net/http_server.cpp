#include "net/http_server.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <future>

#include "net/address.h"
#include "net/http_core.h"

namespace penstock::net {
namespace server {
namespace {

constexpr Duration kShutdownTime = 300ms;  // for answers under way when the server goes

}  // namespace

asio::io_context& Core::start() {
  const MutexLock lock(mutex_);
  if (!io_) {
    io_ = std::make_unique<asio::io_context>(static_cast<int>(thread_count_));
    guard_.emplace(io_->get_executor());
    for (unsigned i = 0; i < thread_count_; ++i) {
      threads_.emplace_back([this] { io_->run(); });
    }
  }
  return *io_;
}

void Core::shutdown() {
  std::vector<SessionPtr> open = sessions(nullptr);
  for (const SessionPtr& session : open) {
    close_softly(session);
  }
  open.clear();
  std::vector<std::jthread> threads;
  {
    const MutexLock lock(mutex_);
    over_ = true;
    if (!io_) {
      return;
    }
    removed_.wait_for(mutex_, kShutdownTime,
                      [this]() REQUIRES(mutex_) { return sessions_.empty(); });
    threads = std::move(threads_);
  }
  io_->stop();
  threads.clear();  // joins
  const MutexLock lock(mutex_);
  sessions_.clear();
}

bool Core::add(const SessionPtr& session) {
  const MutexLock lock(mutex_);
  if (over_) {
    return false;
  }
  sessions_.emplace(session.get(), session);
  return true;
}

void Core::remove(const SessionPtr& session) {
  {
    const MutexLock lock(mutex_);
    if (sessions_.erase(session.get()) == 0) {
      return;
    }
    removed_.notify_all();
  }
  const MutexLock lock(session->listening->mutex);
  --session->listening->connections;
}

std::vector<SessionPtr> Core::sessions(const Listening* listening) {
  const MutexLock lock(mutex_);
  std::vector<SessionPtr> found;
  for (const auto& [key, session] : sessions_) {
    if (listening == nullptr || session->listening.get() == listening) {
      found.push_back(session);
    }
  }
  return found;
}

namespace {

struct Accepting {
  Accepting(asio::io_context& io, std::shared_ptr<Listening> where, std::weak_ptr<Core> owner)
      : acceptor(asio::make_strand(io)),
        pause(acceptor.get_executor()),
        listening(std::move(where)),
        core(std::move(owner)) {}
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::shared_ptr<Listening> listening;
  std::weak_ptr<Core> core;
};
using AcceptingPtr = std::shared_ptr<Accepting>;

void welcome(const AcceptingPtr& self, const std::shared_ptr<Core>& core, tcp::socket socket) {
  Failure ignored;  // an option that is refused costs speed only
  socket.set_option(tcp::no_delay(true), ignored);
  {
    const MutexLock lock(self->listening->mutex);
    if (self->listening->closed) {
      return;
    }
    if (self->listening->connections >= self->listening->options.connections_max) {
      static constexpr std::string_view kBusy =
          "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
      socket.non_blocking(true, ignored);
      socket.write_some(asio::buffer(kBusy), ignored);
      return;
    }
    ++self->listening->connections;
  }
  const auto session = std::make_shared<Session>(std::move(socket), self->listening, core);
  if (core->add(session)) {
    asio::dispatch(session->stream.get_executor(), [session] { wait_for_request(session); });
  }
}

void accept_next(const AcceptingPtr& self) {
  const auto core = self->core.lock();
  if (!core) {
    return;
  }
  self->acceptor.async_accept(
      asio::make_strand(core->io()), [self](Failure failure, tcp::socket socket) {
        const auto owner = self->core.lock();
        if (!owner || failure == asio::error::operation_aborted || !self->acceptor.is_open()) {
          return;
        }
        if (!failure) {
          welcome(self, owner, std::move(socket));
          return accept_next(self);
        }
        // Out of descriptors, or a peer that was gone before it was accepted.
        self->pause.expires_after(50ms);
        self->pause.async_wait([self](Failure cancelled) {
          if (!cancelled) {
            accept_next(self);
          }
        });
      });
}

class BeastListener final : public HttpListener {
 public:
  BeastListener(std::shared_ptr<Core> core, AcceptingPtr accepting, std::string address)
      : core_(std::move(core)), accepting_(std::move(accepting)), address_(std::move(address)) {}
  ~BeastListener() override {
    Listening& listening = *accepting_->listening;
    {
      const MutexLock lock(listening.mutex);
      listening.closed = true;
      listening.left.wait(listening.mutex,
                          [&]() REQUIRES(listening.mutex) { return listening.running == 0; });
      listening.handler = {};
    }
    const auto closed = std::make_shared<std::promise<void>>();
    asio::post(accepting_->acceptor.get_executor(), [accepting = accepting_, closed] {
      Failure ignored;  // it is going away in any case
      accepting->acceptor.close(ignored);
      accepting->pause.cancel();
      closed->set_value();
    });
    // The port is free when this returns; a server that stopped before has no thread to say so.
    closed->get_future().wait_for(kShutdownTime);
    for (const SessionPtr& session : core_->sessions(&listening)) {
      close_softly(session);
    }
    accepting_.reset();
  }
  BeastListener(const BeastListener&) = delete;
  BeastListener& operator=(const BeastListener&) = delete;
  std::string address() const override { return address_; }

 private:
  std::shared_ptr<Core> core_;
  AcceptingPtr accepting_;
  std::string address_;
};

class BeastServer final : public HttpServer {
 public:
  explicit BeastServer(unsigned threads) : core_(std::make_shared<Core>(threads)) {}
  ~BeastServer() override { core_->shutdown(); }
  BeastServer(const BeastServer&) = delete;
  BeastServer& operator=(const BeastServer&) = delete;

  Result<std::unique_ptr<HttpListener>> listen(const std::string& address,
                                               const ListenOptions& options,
                                               Handler handler) override {
    TRY(const Address where, parse_loopback_address(address));
    asio::io_context& io = core_->start();
    auto listening = std::make_shared<Listening>();
    listening->options = options;
    listening->handler = std::move(handler);
    auto accepting = std::make_shared<Accepting>(io, std::move(listening), core_);
    tcp::acceptor& acceptor = accepting->acceptor;
    Failure failure;
    const tcp::endpoint endpoint(asio::ip::make_address(where.host, failure), where.port);
    if (!failure) {
      acceptor.open(endpoint.protocol(), failure);
    }
    if (!failure) {
      acceptor.set_option(asio::socket_base::reuse_address(true), failure);
    }
    if (!failure) {
      acceptor.bind(endpoint, failure);
    }
    if (!failure) {
      acceptor.listen(asio::socket_base::max_listen_connections, failure);
    }
    if (failure) {
      return fatal(fmt::format("listen {}: {}; choose another port, or stop who has it", address,
                               failure.message()));
    }
    const tcp::endpoint taken = acceptor.local_endpoint(failure);
    const std::string host =
        where.host.find(':') == std::string::npos ? where.host : fmt::format("[{}]", where.host);
    asio::post(acceptor.get_executor(), [accepting] { accept_next(accepting); });
    return std::make_unique<BeastListener>(core_, std::move(accepting),
                                           fmt::format("{}:{}", host, taken.port()));
  }

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace
}  // namespace server

std::string_view HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) {
      return value;
    }
  }
  return {};
}

std::unique_ptr<HttpServer> HttpServer::make(unsigned threads) {
  return std::make_unique<server::BeastServer>(threads);
}

}  // namespace penstock::net
