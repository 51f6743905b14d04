Result<> append_record(const Encoder& encoder, const Event& event, std::string& body) {
  body.append(event.id).append(" ");
  TRY(encoder.encode(event, body));
  body += '\n';
  return {};
}

Error error_of(const net::ClientAnswer& answer) {
  const std::string what = fmt::format("@name@: {}: {}", answer.status, answer.body);
  if (answer.status != 429 && answer.status < 500) {
    return {Error::Kind::rejected, what, std::nullopt};
  }
  std::optional<Duration> retry_after;
  for (const auto& [name, value] : answer.headers) {
    int64_t seconds = 0;
    const char* const end = value.data() + value.size();
    if (name == "retry-after" && std::from_chars(value.data(), end, seconds).ptr == end) {
      retry_after = std::chrono::seconds(seconds);
    }
  }
  return {Error::Kind::transient, what, retry_after};
}

// A line with the number of each record that was refused.
Result<std::vector<Failure>> outcome_of(const net::ClientAnswer& answer,
                                        std::span<const uint32_t> sent) {
  if (answer.status != 200) {
    return std::unexpected(error_of(answer));
  }
  std::vector<Failure> failures;
  const char* at = answer.body.data();
  const char* const end = at + answer.body.size();
  while (at != end) {
    size_t number = 0;
    const auto [next, code] = std::from_chars(at, end, number);
    if (code != std::errc{} || number >= sent.size() || next == end || *next != '\n') {
      return transient("@name@: an answer that cannot be read: " + answer.body);
    }
    failures.push_back({.index = sent[number], .error = rejected("@name@: refused").error()});
    at = next + 1;
  }
  return failures;
}
