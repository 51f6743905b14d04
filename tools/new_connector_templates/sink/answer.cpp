Result<size_t> append_record(const Encoder& encoder, const Event& event, std::string& body) {
  const size_t before = body.size();
  body.append(event.id).append(" ");
  TRY(encoder.encode(event, body));
  body += '\n';
  return body.size() - before;
}

// A line with the number of each record that was refused.
Result<std::vector<Failure>> outcome_of(const net::ClientAnswer& answer, size_t sent) {
  std::vector<Failure> failures;
  const char* at = answer.body.data();
  const char* const end = at + answer.body.size();
  while (at != end) {
    uint32_t number = 0;
    const auto [next, code] = std::from_chars(at, end, number);
    if (code != std::errc{} || number >= sent || next == end || *next != '\n') {
      return transient("@name@: an answer that cannot be read: " + answer.body);
    }
    failures.push_back({.index = number, .error = rejected("@name@: refused").error()});
    at = next + 1;
  }
  return failures;
}
