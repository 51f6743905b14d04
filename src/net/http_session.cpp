#include <fmt/core.h>

#include <array>
#include <atomic>

#include "net/http_core.h"

namespace penstock::net::server {
namespace {

constexpr Duration kHeaderTime = 10s;  // for all of a header, from its first byte
constexpr Duration kBodyTime = 60s;    // for all of a body
constexpr Duration kWriteTime = 30s;   // for all of an answer
constexpr Duration kLingerTime = 1s;   // for the peer to read the last answer
constexpr size_t kLingerBytes = size_t{4} << 20;

void end(const SessionPtr& self) {
  Failure ignored;  // the connection may be gone already
  self->stream.socket().close(ignored);
  if (const auto core = self->core.lock()) {
    core->remove(self);
  }
}

// Closing with unread input would reset the connection and could take the answer from the peer, so
// the peer gets a moment to read and to close.
void linger(const SessionPtr& self) {
  self->stream.expires_after(kLingerTime);
  self->stream.async_read_some(self->buffer.prepare(Session::kReadAhead),
                               [self](Failure failure, size_t bytes) {
                                 self->lingered += bytes;
                                 if (failure || self->lingered > kLingerBytes) {
                                   return end(self);
                                 }
                                 linger(self);
                               });
}

void append_clean(std::string_view text, std::string& out) {
  for (const char c : text) {
    out += c == '\r' || c == '\n' ? ' ' : c;
  }
}

void write_answer(const SessionPtr& self, HttpAnswer answer) {
  std::string& head = self->head;
  head = fmt::format("HTTP/1.1 {} ", answer.status);
  head += std::string_view(
      http::obsolete_reason(http::int_to_status(static_cast<unsigned>(answer.status))));
  head += "\r\nContent-Type: ";
  append_clean(answer.content_type, head);
  head += fmt::format("\r\nContent-Length: {}\r\nConnection: {}\r\n", answer.body.size(),
                      self->keep_alive ? "keep-alive" : "close");
  for (const auto& [name, value] : answer.headers) {
    append_clean(name, head);
    head += ": ";
    append_clean(value, head);
    head += "\r\n";
  }
  head += "\r\n";
  self->body = self->is_head ? std::string() : std::move(answer.body);
  self->state = Session::State::writing;
  self->stream.expires_after(kWriteTime);
  const std::array<asio::const_buffer, 2> buffers = {asio::buffer(self->head),
                                                     asio::buffer(self->body)};
  asio::async_write(self->stream, buffers, [self](Failure failure, size_t) {
    if (failure) {
      return end(self);
    }
    if (self->keep_alive && !self->closing) {
      return wait_for_request(self);
    }
    self->state = Session::State::lingering;
    Failure ignored;  // a peer that is gone already needs no farewell
    self->stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
    self->buffer.clear();
    linger(self);
  });
}

void refuse(const SessionPtr& self, int status, std::string_view why) {
  self->keep_alive = false;
  const auto& refusal = self->listening->options.refusal;
  write_answer(self, refusal ? refusal(status, why)
                             : HttpAnswer{.status = status,
                                          .body = fmt::format("{{\"message\":\"{}\"}}", why),
                                          .headers = {}});
}

// The one answer of a request, from whatever thread. Forgetting to answer is a server error.
class Reply {
 public:
  explicit Reply(const SessionPtr& session) : core_(session->core), session_(session) {}
  ~Reply() {
    if (!sent_) {
      send({.status = 500, .body = R"({"message":"no answer was given"})", .headers = {}});
    }
  }
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;

  void send(HttpAnswer answer) {
    const auto core = core_.lock();
    if (sent_.exchange(true) || !core) {
      return;
    }
    // Two hops, because only a thread of the server may hold the session: its last owner destroys
    // a socket.
    asio::post(core->io(), [session = session_, answer = std::move(answer)]() mutable {
      const SessionPtr self = session.lock();
      if (!self) {
        return;
      }
      asio::dispatch(self->stream.get_executor(), [self, answer = std::move(answer)]() mutable {
        if (self->state == Session::State::waiting) {
          write_answer(self, std::move(answer));
        }
      });
    });
  }

 private:
  std::weak_ptr<Core> core_;
  std::weak_ptr<Session> session_;
  std::atomic<bool> sent_ = false;
};

void lower(std::string& text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') {
      c = static_cast<char>(c - 'A' + 'a');
    }
  }
}

void handle(const SessionPtr& self) {
  auto message = self->parser->release();
  self->parser.reset();
  self->keep_alive = message.keep_alive();
  self->is_head = message.method() == http::verb::head;
  self->state = Session::State::waiting;
  self->stream.expires_never();
  if (!self->listening->enter()) {
    return refuse(self, 503, "shutting down");
  }
  HttpRequest request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  for (const auto& field : message.base()) {
    auto& [name, value] =
        request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    lower(name);
  }
  request.body = std::move(message.body());
  const auto reply = std::make_shared<Reply>(self);
  self->listening->handler(std::move(request),
                           [reply](HttpAnswer answer) { reply->send(std::move(answer)); });
  self->listening->leave();
}

void on_read_failure(const SessionPtr& self, Failure failure) {
  if (failure == http::error::body_limit) {
    return refuse(self, 413, "the request is too large");
  }
  if (failure == http::error::header_limit || failure == http::error::buffer_overflow) {
    return refuse(self, 431, "the header is too large");
  }
  if (failure == beast::error::timeout) {
    return end(self);  // the stream is closed already
  }
  if (failure.category() == http::make_error_code(http::error::bad_method).category() &&
      failure != http::error::end_of_stream && failure != http::error::partial_message) {
    return refuse(self, 400, "this is no HTTP request");
  }
  end(self);
}

// A read takes as much as the buffer has room for, so a body gets a large one; waiting for the next
// request gives it back.
void read_body(const SessionPtr& self) {
  self->buffer.reserve(Session::kReadAhead);
  self->stream.expires_after(kBodyTime);
  http::async_read(self->stream, self->buffer, *self->parser, [self](Failure failure, size_t) {
    if (failure) {
      return on_read_failure(self, failure);
    }
    handle(self);
  });
}

void read_header(const SessionPtr& self) {
  self->state = Session::State::reading;
  self->is_head = false;
  self->parser.emplace();
  self->parser->header_limit(static_cast<uint32_t>(self->listening->options.header_bytes_max));
  self->parser->body_limit(self->listening->options.body_bytes_max);
  self->stream.expires_after(kHeaderTime);
  const auto on_header = [self](Failure failure, size_t) {
    if (failure) {
      return on_read_failure(self, failure);
    }
    const size_t most = self->listening->options.body_bytes_max;
    if (!self->take_room(self->parser->chunked() ? most
                                                 : self->parser->content_length().value_or(0))) {
      return refuse(self, 503, "too many requests at once");
    }
    const auto& header = self->parser->get();
    if (self->parser->is_done() || header.version() < 11 ||
        !beast::iequals(header[http::field::expect], "100-continue")) {
      return read_body(self);
    }
    self->head = "HTTP/1.1 100 Continue\r\n\r\n";
    self->stream.expires_after(kWriteTime);
    asio::async_write(self->stream, asio::buffer(self->head),
                      [self](Failure write_failure, size_t) {
                        return write_failure ? end(self) : read_body(self);
                      });
  };
  http::async_read_header(self->stream, self->buffer, *self->parser, on_header);
}

}  // namespace

void wait_for_request(const SessionPtr& self) {
  self->release_body();
  if (self->buffer.size() > 0) {
    return read_header(self);
  }
  self->state = Session::State::idle;
  self->buffer.shrink_to_fit();
  self->stream.expires_after(self->listening->options.idle_max);
  self->stream.async_read_some(self->buffer.prepare(4096), [self](Failure failure, size_t bytes) {
    if (failure) {
      return end(self);
    }
    self->buffer.commit(bytes);
    read_header(self);
  });
}

void close_softly(const SessionPtr& self) {
  asio::post(self->stream.get_executor(), [self] {
    self->closing = true;
    if (self->state == Session::State::idle) {
      self->stream.cancel();
    }
  });
}

}  // namespace penstock::net::server
