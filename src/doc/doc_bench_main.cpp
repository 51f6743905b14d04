// Measures this folder on DynamoDB change records, one a line, next to simdjson's DOM doing the
// same work (the yardstick of bench/): nanoseconds of CPU a record. A tool, no timed test.
//   doc_bench FILE [rounds]
#include <simdjson.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "doc/bson.h"
#include "doc/dynamodb_json.h"

namespace penstock::doc {

namespace {

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void put_dom_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  out += '"';
}

void put_dom_item(std::string& out, simdjson::dom::object item);

void put_dom_value(std::string& out, simdjson::dom::object value);

void put_dom_list(std::string& out, std::string_view tag, simdjson::dom::array list) {
  out += '[';
  bool is_first = true;
  for (const simdjson::dom::element element : list) {
    if (!std::exchange(is_first, false)) {
      out += ',';
    }
    if (tag == "L") {
      put_dom_value(out, element);
    } else if (tag == "NS") {
      out += std::string_view(element);
    } else {
      put_dom_text(out, element);
    }
  }
  out += ']';
}

void put_dom_value(std::string& out, simdjson::dom::object value) {
  for (const auto [tag, content] : value) {
    if (tag == "S" || tag == "B") {
      put_dom_text(out, content);
    } else if (tag == "N") {
      out += std::string_view(content);
    } else if (tag == "BOOL") {
      out += bool(content) ? "true" : "false";
    } else if (tag == "NULL") {
      out += "null";
    } else if (tag == "M") {
      put_dom_item(out, content);
    } else {
      put_dom_list(out, tag, content);
    }
    return;
  }
}

void put_dom_item(std::string& out, simdjson::dom::object item) {
  out += '{';
  bool is_first = true;
  for (const auto [name, value] : item) {
    if (!std::exchange(is_first, false)) {
      out += ',';
    }
    put_dom_text(out, name);
    out += ':';
    put_dom_value(out, value);
  }
  out += '}';
}

size_t run_yardstick(const std::vector<std::string_view>& lines) {
  simdjson::dom::parser parser;
  std::string out;
  size_t total = 0;
  for (const std::string_view line : lines) {
    const simdjson::dom::element record = parser.parse(line.data(), line.size(), false);
    out = "{\"op\":";
    put_dom_text(out, record["eventName"]);
    out += ",\"id\":";
    put_dom_text(out, record["eventID"]);
    out += ",\"table\":";
    put_dom_text(out, record["tableName"]);
    const simdjson::dom::element change = record["dynamodb"];
    for (const char* const part : {"Keys", "NewImage", "OldImage"}) {
      simdjson::dom::object image;
      if (change[part].get(image) == simdjson::SUCCESS) {
        out += ",\"image\":";
        put_dom_item(out, image);
      }
    }
    out += "}\n";
    total += out.size();
  }
  return total;
}

// Reads each line, and with `writes` also writes what was read.
size_t run_changes(const std::vector<std::string_view>& lines, bool writes) {
  DynamoDbReader reader;
  std::string out;
  size_t total = 0;
  Arena arena;
  size_t count = 0;
  for (const std::string_view line : lines) {
    if (++count % 1000 == 0) {
      arena.clear(size_t{4} << 20);
    }
    const auto record = reader.read_change(line, arena);
    if (!record) {
      std::fprintf(stderr, "%s\n", record.error().what.c_str());
      std::exit(1);
    }
    total += record->keys.size() + record->new_image.size() + record->old_image.size();
    if (writes) {
      out.clear();
      for (const Document& image : {record->keys, record->new_image, record->old_image}) {
        if (image) {
          append_json(image, out);
        }
      }
      total += out.size();
    }
  }
  return total;
}

size_t run_plain(const std::vector<std::string>& lines) {
  JsonReader reader;
  Arena arena;
  size_t total = 0;
  size_t count = 0;
  for (const std::string& line : lines) {
    if (++count % 1000 == 0) {
      arena.clear(size_t{4} << 20);
    }
    const auto document = reader.read({line.data(), line.size() - Arena::kPadding}, arena);
    total += document ? document->size() : 0;
  }
  return total;
}

template <class F>
void measure(const char* name, int rounds, size_t records, F run) {
  double best = 1e9;
  size_t total = 0;
  for (int i = 0; i < rounds; ++i) {
    const double before = cpu_seconds();
    total = run();
    best = std::min(best, cpu_seconds() - before);
  }
  std::printf("%-28s %7.0f ns a record  (%zu)\n", name, best * 1e9 / static_cast<double>(records),
              total);
}

int run(const char* path, int rounds) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  text.append(Arena::kPadding, '\0');
  std::vector<std::string_view> lines;
  for (size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    lines.push_back(std::string_view(text).substr(at, end - at));
  }
  DynamoDbReader reader;
  std::vector<std::string> plain;
  for (size_t i = 0; i < std::min<size_t>(lines.size(), 20'000); ++i) {
    Arena arena(size_t{16} << 10);
    const auto record = reader.read_change(lines[i], arena);
    std::string out = "{\"images\":[";
    if (record && record->new_image) {
      append_json(record->new_image, out);
    }
    out += "]}";
    out.append(Arena::kPadding, '\0');
    plain.push_back(std::move(out));
  }
  measure("yardstick (DOM, unwrap)", rounds, lines.size(), [&] { return run_yardstick(lines); });
  measure("read_change", rounds, lines.size(), [&] { return run_changes(lines, false); });
  measure("read_change + append_json", rounds, lines.size(),
          [&] { return run_changes(lines, true); });
  measure("read (one plain image)", rounds, plain.size(), [&] { return run_plain(plain); });
  return 0;
}

}  // namespace

}  // namespace penstock::doc

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: doc_bench FILE [rounds]\n");
    return 2;
  }
  return penstock::doc::run(argv[1], argc > 2 ? std::atoi(argv[2]) : 5);
}
