// FilesSourceTest: files in a folder of the test's own, and what a source reads of them. Owned by
// the test; one thread.
#pragma once

#include <gtest/gtest.h>
#include <libdeflate.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/hash.h"
#include "connectors/files/file_position.h"
#include "connectors/files/files_source.h"
#include "testing/test_context.h"

namespace penstock::files {

inline std::string gzip(std::string_view text) {
  auto* compressor = libdeflate_alloc_compressor(1);
  std::string out(libdeflate_gzip_compress_bound(compressor, text.size()), '\0');
  out.resize(
      libdeflate_gzip_compress(compressor, text.data(), text.size(), out.data(), out.size()));
  libdeflate_free_compressor(compressor);
  return out;
}

inline std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 1));
  return out;
}

class FilesSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "penstock_files_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern + "/";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void put(const std::string& name, std::string_view bytes,
           std::ios::openmode mode = std::ios::trunc) {
    std::ofstream file(folder_ + name, std::ios::binary | mode);
    file << bytes;
  }
  void append(const std::string& name, std::string_view bytes) { put(name, bytes, std::ios::app); }

  // As version 2 wrote it.
  std::string old_position(const std::string& name, const Position& position) {
    const FileInfo info = context_.files().info(folder_ + name).value().value();
    FilePosition old = decode_position(position, info).value();
    std::string head(static_cast<size_t>(old.head_size), '\0');
    std::ifstream(folder_ + name).read(head.data(), static_cast<std::streamsize>(head.size()));
    old.head = hash128(head);
    old.is_old = true;
    return encode(old);
  }
  FilesSource source(FilesSource::Settings settings, const std::string& name) {
    settings.path = {folder_ + name};
    return {std::move(settings), context_.context()};
  }
  static std::vector<std::string> parts(FilesSource& from) {
    auto parts = from.parts({}, {});
    EXPECT_TRUE(parts);
    std::vector<std::string> ids;
    for (const Part& part : *parts) {
      ids.push_back(part.id);
    }
    return ids;
  }
  // The reader of the only part.
  static std::unique_ptr<Reader> reader(FilesSource& from,
                                        const std::optional<Position>& position = {}) {
    const auto ids = parts(from);
    EXPECT_EQ(ids.size(), 1U);
    auto opened = from.open({ids.at(0)}, position, {}, {});
    EXPECT_TRUE(opened) << opened.error().what;
    return std::move(*opened);
  }

  struct Got {
    std::vector<std::string> lines;
    std::vector<std::string> orders;
    std::set<std::string> ids;
    std::set<Timestamp> times;
    std::vector<std::string> rejected;
    Position position;
    bool caught_up = false;
    bool end = false;
    std::optional<Error> error;
  };
  static void read_once(Reader& from, Got& got, const ReadLimits& limits) {
    EventBlock block;
    auto read = from.read(block, limits, {});
    if (!read) {
      got.error = read.error();
      return;
    }
    for (const Event& event : block.events) {
      got.lines.emplace_back(event.raw);
      got.orders.emplace_back(event.order);
      got.ids.emplace(event.id);
      got.times.insert(event.at);
    }
    for (const Rejection& rejection : block.rejections) {
      got.rejected.push_back(rejection.error.what);
    }
    got.position = read->position;
    got.caught_up = read->caught_up;
    got.end = read->end;
  }
  // Until there is nothing more for now.
  static Got read_all(Reader& from, const ReadLimits& limits = {}) {
    Got got;
    for (int i = 0; i < 100000; ++i) {
      read_once(from, got, limits);
      if (got.error || got.caught_up || got.end) {
        break;
      }
    }
    EXPECT_TRUE(std::ranges::is_sorted(got.orders));
    EXPECT_EQ(got.ids.size(), got.lines.size());
    return got;
  }

  std::string folder_;
  EventBlock block_;
  TestContext context_;
};

using Lines = std::vector<std::string>;

}  // namespace penstock::files
