#include "net/verdict.h"

#include <gtest/gtest.h>

#include <map>

namespace penstock::net {
namespace {

TEST(VerdictTest, every_status_has_its_meaning) {
  const auto kind = [](int status) {
    const auto verdict = verdict_of({.status = status, .headers = {}, .body = ""}, {}, {}, {});
    const std::optional<Error::Kind> item = kind_of_status(status);
    EXPECT_EQ(verdict.has_value(), !item);
    if (verdict) {
      return std::string("durable");
    }
    EXPECT_EQ(verdict.error().kind, *item);
    return std::string(name_of(verdict.error().kind));
  };
  const std::map<std::string, std::vector<int>> table = {
      {"durable", {200, 201, 202, 204, 299}},
      {"transient", {408, 425, 429, 500, 502, 503, 504, 599}},
      {"rejected", {400, 402, 406, 409, 413, 415, 422, 451, 499}},
      {"fatal", {301, 302, 304, 307, 308, 401, 403, 404, 405, 407, 410}}};
  for (const auto& [expected, statuses] : table) {
    for (const int status : statuses) {
      EXPECT_EQ(kind(status), expected) << status;
    }
  }
}

TEST(VerdictTest, keeps_to_retry_after_in_seconds_and_as_a_date) {
  using Headers = std::vector<std::pair<std::string, std::string>>;
  const Timestamp now{784'111'700'000'000};  // Sun, 06 Nov 1994 08:48:20 GMT
  const std::vector<std::pair<Headers, std::optional<Duration>>> table = {
      {{}, std::nullopt},
      {{{"retry-after", "7"}}, 7s},
      {{{"retry-after", "99999999"}}, 1h},
      {{{"retry-after", "soon"}}, std::nullopt},
      {{{"retry-after", "-7"}}, std::nullopt},
      {{{"retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"}}, 77s},
      {{{"retry-after", "Sunday, 06-Nov-94 08:49:37 GMT"}}, 77s},
      {{{"retry-after", "Sun Nov  6 08:49:37 1994"}}, 77s},
      {{{"retry-after", "Sun, 06 Nov 1994 08:49:37 GMT and more"}}, std::nullopt},
      {{{"retry-after", "Sat, 05 Nov 1994 08:49:37 GMT"}}, 0s},
      {{{"retry-after", "Mon, 07 Nov 1994 08:49:37 GMT"}}, 1h},
      {{{"date", "Sun, 06 Nov 1994 08:49:30 GMT"},
        {"retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"}},
       7s},
  };
  for (const auto& [headers, expected] : table) {
    const auto verdict = verdict_of({.status = 503, .headers = headers, .body = ""}, {}, {}, now);
    ASSERT_FALSE(verdict);
    EXPECT_EQ(verdict.error().retry_after, expected)
        << (headers.empty() ? "" : headers.back().second);
  }
}

TEST(VerdictTest, only_what_passes_waits) {
  const ClientAnswer answer{.status = 400, .headers = {{"retry-after", "7"}}, .body = "no"};
  EXPECT_EQ(error_of(Error::Kind::rejected, answer, {}, {}).retry_after, std::nullopt);
  const Error throttled = error_of(Error::Kind::transient, answer, {}, {});
  EXPECT_EQ(throttled.retry_after, Duration(7s));
  EXPECT_EQ(throttled.what, "400: no");
}

TEST(VerdictTest, says_what_to_look_at) {
  const auto what = [](int status) {
    return verdict_of({.status = status, .headers = {}, .body = ""}, {},
                      {.credentials = "look at the key", .address = "look at the region"}, {})
        .error()
        .what;
  };
  EXPECT_EQ(what(403), "403 (look at the key)");
  EXPECT_EQ(what(404), "404 (look at the region)");
  EXPECT_NE(what(301).find("redirects are not followed"), std::string::npos);
  EXPECT_EQ(what(422), "422");
}

Secrets secrets() {
  Secrets secrets;
  secrets.add_url(parse_url("https://h/hook/T0PSECRET1?key=s3cretvalue&v=1").value());
  secrets.add_header("Bearer t0ken");
  return secrets;
}

TEST(SecretsTest, are_not_repeated_whole_or_in_pieces) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"Cannot POST /hook/T0PSECRET1?key=s3cretvalue&v=1", "Cannot POST ……"},
      {"no hook T0PSECRET1", "no hook …"},
      {"wrong key s3cretvalue for v=1", "wrong key … for v=1"},
      {"Bearer t0ken, t0ken", "…, …"},
      {"a key, a hook", "a key, a hook"},
      {"line\nbreak", "line break"},
  };
  for (const auto& [text, expected] : table) {
    EXPECT_EQ(secrets().without(text, 200), expected);
  }
}

// Cutting first would leave the begin of one.
TEST(SecretsTest, are_looked_for_before_the_text_is_cut) {
  for (size_t filling = 0; filling < 40; ++filling) {
    const std::string shown = secrets().without(std::string(filling, 'x') + "T0PSECRET1", 20);
    EXPECT_EQ(shown.find('T'), std::string::npos) << shown;
    EXPECT_LE(shown.size(), 20u);
  }
  std::string many;
  for (int i = 0; i < 100'000; ++i) {
    many += "T0PSECRET1";
  }
  EXPECT_EQ(secrets().without(many, 1 << 20).find('T'), std::string::npos);
}

TEST(SecretsTest, a_cut_leaves_whole_characters) {
  EXPECT_EQ(secrets().without("ab\u00e4", 3), "ab");
  EXPECT_EQ(secrets().without("ab\u00e4", 4), "ab\u00e4");
  EXPECT_EQ(secrets().without("\U0001F30D\U0001F30D", 7), "\U0001F30D");
}

}  // namespace
}  // namespace penstock::net
