#include "net/address.h"

#include <gtest/gtest.h>

namespace penstock::net {
namespace {

TEST(UrlTest, takes_urls_apart) {
  const Url plain = parse_url("http://example.com").value();
  EXPECT_FALSE(plain.tls);
  EXPECT_EQ(plain.host, "example.com");
  EXPECT_EQ(plain.port, 80);
  EXPECT_EQ(plain.target, "/");
  EXPECT_EQ(plain.authority, "example.com");
  const Url full = parse_url("https://[::1]:8443/a/b?c=d#e").value();
  EXPECT_TRUE(full.tls);
  EXPECT_EQ(full.host, "::1");
  EXPECT_EQ(full.port, 8443);
  EXPECT_EQ(full.target, "/a/b?c=d");
  EXPECT_EQ(full.authority, "[::1]:8443");
  EXPECT_EQ(parse_url("http://h?q").value().target, "/?q");
}

TEST(UrlTest, refuses_what_it_cannot_send_to) {
  for (const char* bad : {"", "example.com", "ftp://a", "http://", "http://:80", "http://a:0",
                          "http://a:65536", "http://a:b", "http://a b", "http://a/\r\nX: y",
                          "http://[::1", "http://[::1]x", "http://\xc3\xa4", "http://a,b"}) {
    EXPECT_FALSE(parse_url(bad)) << bad;
  }
  EXPECT_FALSE(parse_url("http://a/" + std::string(9000, 'x')));
}

TEST(UrlTest, never_repeats_a_password) {
  EXPECT_EQ(shown(parse_url("https://h:1/hook/secret?key=secret").value()), "https://h:1/…");
  EXPECT_EQ(shown(parse_url("http://h/").value()), "http://h");
  const auto unusable = parse_url("ftp://h/secret");
  EXPECT_EQ(unusable.error().what.find("secret"), std::string::npos);
  const auto refused = parse_url("http://user:secret@host/");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace penstock::net
