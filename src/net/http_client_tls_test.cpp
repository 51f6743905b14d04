// The client against a server with certificates of its own making, by the command `openssl`.
#include <gtest/gtest.h>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "net/http_client.h"

namespace penstock::net {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;
using Failure = boost::system::error_code;

// Answers every request on its port with "ok", one connection after the other.
class TlsServer {
 public:
  explicit TlsServer(ssl::context context) : context_(std::move(context)) {
    accept();
    thread_ = std::jthread([this] { io_.run(); });
  }
  ~TlsServer() { io_.stop(); }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  std::string port() const { return std::to_string(acceptor_.local_endpoint().port()); }

 private:
  void accept() {
    acceptor_.async_accept([this](Failure failure, tcp::socket socket) {
      if (!failure) {
        serve(std::move(socket));
        accept();
      }
    });
  }
  void serve(tcp::socket socket) {
    ssl::stream<tcp::socket> stream(std::move(socket), context_);
    Failure failure;  // of a client that does not trust us, or the other way about
    stream.handshake(ssl::stream_base::server, failure);
    std::string request;
    if (!failure) {
      asio::read_until(stream, asio::dynamic_buffer(request), "\r\n\r\n", failure);
    }
    if (!failure) {
      asio::write(stream,
                  asio::buffer(std::string("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
                                           "Connection: close\r\n\r\nok")),
                  failure);
    }
  }

  asio::io_context io_{1};
  tcp::acceptor acceptor_{io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  ssl::context context_;
  std::jthread thread_;
};

class HttpClientTlsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "penstock_tls_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern + "/";
    authority("ca");
    authority("other");
    certificate("server", "IP:127.0.0.1");
    certificate("client", "DNS:client");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string at(const std::string& name) const { return folder_ + name; }
  void openssl(const std::string& arguments) const {
    const std::string command =
        "cd " + folder_ + " && openssl " + arguments + " >openssl.log 2>&1 </dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }
  void authority(const std::string& name) const {
    openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=" +
            name + " -keyout " + name + ".key -out " + name + ".pem");
  }
  // Signed by `ca`.
  void certificate(const std::string& name, const std::string& who) const {
    openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=" +
            name + " -addext subjectAltName=" + who + " -CA ca.pem -CAkey ca.key -keyout " + name +
            ".key -out " + name + ".pem");
  }
  ssl::context server(const std::string& name = "server") const {
    ssl::context context(ssl::context::tls_server);
    context.use_certificate_chain_file(at(name + ".pem"));
    context.use_private_key_file(at(name + ".key"), ssl::context::pem);
    return context;
  }
  Result<ClientAnswer> send(const TlsServer& server, TlsFiles tls) {
    return client_->send({.url = "https://127.0.0.1:" + server.port() + "/",
                          .headers = {},
                          .body = "x",
                          .deadline = 20s,
                          .tls = std::move(tls)},
                         {});
  }
  static std::string what(const Result<ClientAnswer>& result) {
    if (result) {
      return result->body;
    }
    EXPECT_EQ(result.error().kind, Error::Kind::transient);
    return result.error().what;
  }

  std::string folder_;
  std::unique_ptr<HttpClient> client_ = HttpClient::make();
};

TEST_F(HttpClientTlsTest, trusts_the_authorities_it_is_given_and_no_others) {
  const TlsServer server(this->server());
  EXPECT_EQ(what(send(server, {.ca = at("ca.pem")})), "ok");
  for (const char* ca : {"", "other.pem"}) {
    const std::string refused = what(send(server, {.ca = *ca == '\0' ? "" : at(ca)}));
    EXPECT_NE(refused.find("TLS handshake: certificate verify failed"), std::string::npos)
        << refused;
    EXPECT_NE(refused.find("(unable to get local issuer certificate)"), std::string::npos)
        << refused;
  }
}

TEST_F(HttpClientTlsTest, refuses_a_certificate_of_another_name) {
  certificate("elsewhere", "DNS:elsewhere.example");
  const TlsServer server(this->server("elsewhere"));
  EXPECT_NE(what(send(server, {.ca = at("ca.pem")})).find("certificate verify failed"),
            std::string::npos);
}

TEST_F(HttpClientTlsTest, shows_its_own_certificate_where_one_is_asked_for) {
  ssl::context context = this->server();
  context.set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
  context.load_verify_file(at("ca.pem"));
  const TlsServer server(std::move(context));
  const TlsFiles with{.ca = at("ca.pem"), .cert = at("client.pem"), .key = at("client.key")};
  EXPECT_EQ(what(send(server, with)), "ok");
  EXPECT_NE(what(send(server, {.ca = at("ca.pem")})), "ok");
}

TEST_F(HttpClientTlsTest, reads_files_that_were_replaced) {
  const TlsServer server(this->server());
  std::filesystem::copy_file(at("other.pem"), at("trusted.pem"));
  EXPECT_NE(what(send(server, {.ca = at("trusted.pem")})), "ok");
  std::filesystem::rename(at("ca.pem"), at("trusted.pem"));
  EXPECT_EQ(what(send(server, {.ca = at("trusted.pem")})), "ok");
}

TEST_F(HttpClientTlsTest, says_which_file_cannot_be_used) {
  openssl("ec -in client.key -aes128 -passout pass:secret -out locked.key");
  const std::vector<std::pair<TlsFiles, std::string>> table = {
      {{.ca = at("none.pem")}, "tls.ca " + at("none.pem")},
      {{.ca = at("ca.key")}, "tls.ca " + at("ca.key")},
      {{.cert = at("client.pem")}, "`cert` and `key` go together"},
      {{.cert = at("client.key"), .key = at("client.key")}, "tls.cert " + at("client.key")},
      {{.cert = at("client.pem"), .key = at("server.key")}, "tls.key " + at("server.key")},
      {{.cert = at("client.pem"), .key = at("locked.key")}, "tls.key " + at("locked.key")},
  };
  for (const auto& [files, text] : table) {
    const auto checked = client_->check(files);
    ASSERT_FALSE(checked) << text;
    EXPECT_EQ(checked.error().kind, Error::Kind::fatal);
    EXPECT_NE(checked.error().what.find(text), std::string::npos) << checked.error().what;
  }
  EXPECT_TRUE(
      client_->check({.ca = at("ca.pem"), .cert = at("client.pem"), .key = at("client.key")}));
}

}  // namespace
}  // namespace penstock::net
