// The yardstick of the figures: one thread reads change records of DynamoDB (bench/workload.py)
// with simdjson's DOM and writes each as plain JSON into one buffer in memory. It has no engine, no
// checks and no output, and prints its records per CPU second; Penstock's figures are shares of it,
// because machines differ and change from hour to hour.
//   g++ -O3 -march=native -std=c++20 bench/yardstick.cpp -lsimdjson && ./a.out FILE
#include <simdjson.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](timeval t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

void write_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", c);
      out += escaped;
    } else {
      out += c;
    }
  }
  out += '"';
}

void write_value(std::string& out, element typed);

void write_item(std::string& out, object item) {
  char before = '{';
  for (const auto field : item) {
    out += before;
    before = ',';
    write_string(out, field.key);
    out += ':';
    write_value(out, field.value);
  }
  if (before == '{') {
    out += before;
  }
  out += '}';
}

template <class Write>
void write_list(std::string& out, array list, Write write) {
  out += '[';
  bool first = true;
  for (const element one : list) {
    if (!first) {
      out += ',';
    }
    first = false;
    write(one);
  }
  out += ']';
}

// {"S": "text"} as "text", {"N": "1"} as 1, and so on.
void write_value(std::string& out, element typed) {
  for (const auto [type, value] : object(typed)) {
    if (type == "S" || type == "B") {
      write_string(out, std::string_view(value));
    } else if (type == "N") {
      out += std::string_view(value);
    } else if (type == "BOOL") {
      out += bool(value) ? "true" : "false";
    } else if (type == "NULL") {
      out += "null";
    } else if (type == "M") {
      write_item(out, object(value));
    } else if (type == "L") {
      write_list(out, array(value), [&](element one) { write_value(out, one); });
    } else if (type == "NS") {
      write_list(out, array(value), [&](element one) { out += std::string_view(one); });
    } else {
      write_list(out, array(value), [&](element one) { write_string(out, std::string_view(one)); });
    }
    return;
  }
}

void write_record(std::string& out, element record) {
  out += "{\"op\":";
  write_string(out, std::string_view(record["eventName"]));
  out += ",\"id\":";
  write_string(out, std::string_view(record["eventID"]));
  out += ",\"table\":";
  write_string(out, std::string_view(record["tableName"]));
  const element change = record["dynamodb"];
  out += ",\"key\":";
  write_item(out, object(change["Keys"]));
  element image;
  if (change["NewImage"].get(image) == simdjson::SUCCESS) {
    out += ",\"after\":";
    write_item(out, object(image));
  }
  if (change["OldImage"].get(image) == simdjson::SUCCESS) {
    out += ",\"before\":";
    write_item(out, object(image));
  }
  out += "}\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("yardstick FILE\n", stderr);
    return 2;
  }
  const simdjson::padded_string text = simdjson::padded_string::load(argv[1]);
  simdjson::dom::parser parser;
  std::string out;
  out.reserve(size_t{1} << 20);
  size_t records = 0;
  size_t bytes = 0;
  const double start = cpu_seconds();
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    const void* found = std::memchr(at, '\n', static_cast<size_t>(end - at));
    const char* line_end = found ? static_cast<const char*>(found) : end;
    const element record = parser.parse(at, static_cast<size_t>(line_end - at), false);
    out.clear();
    write_record(out, record);
    bytes += out.size();
    ++records;
    at = line_end + 1;
  }
  const double seconds = cpu_seconds() - start;
  std::printf("{\"records\":%zu,\"cpu_seconds\":%.4f,\"per_cpu_second\":%.0f,\"bytes\":%zu}\n",
              records, seconds, static_cast<double>(records) / seconds, bytes);
  return 0;
}
