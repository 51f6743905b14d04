// The identity in the first line, then for each record a line: its time in microseconds, a blank,
// and what it is.
Result<Page> fetch(net::HttpClient& client, const std::string& endpoint, uint64_t from,
                   uint32_t most, const Stop& stop) {
  const std::string url = fmt::format("{}/{}/{}", endpoint, from, most);
  net::ClientRequest request;
  request.method = "GET";
  request.url = url;
  TRY(const net::ClientAnswer answer, client.send(request, stop));
  if (answer.status != 200) {
    return transient(fmt::format("@name@ {}: {}", url, answer.status));
  }
  Page page;
  for (size_t at = 0; at < answer.body.size();) {
    const size_t end = answer.body.find('\n', at);
    std::string line = answer.body.substr(at, end - at);
    if (at == 0) {
      page.identity = std::move(line);
    } else {
      Record record;
      const char* const last = line.data() + line.size();
      const auto time = std::from_chars(line.data(), last, record.at.micros);
      if (time.ptr == last || *time.ptr != ' ') {
        return transient("@name@: an answer that cannot be read: " + line);
      }
      record.bytes.assign(time.ptr + 1, last);
      page.records.push_back(std::move(record));
    }
    at = end == std::string::npos ? answer.body.size() : end + 1;
  }
  return page;
}
