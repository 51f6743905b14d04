#include "lake/compress.h"

#include <fmt/core.h>
#include <libdeflate.h>
#include <zstd.h>

#include "base/check.h"

namespace penstock::lake {

namespace {

constexpr int kLevel = 1;  // the lake is written once and read seldom; CPU is what is short

class GzipCompressor final : public Compressor {
 public:
  GzipCompressor() : compressor_(libdeflate_alloc_compressor(kLevel)) {}
  ~GzipCompressor() override { libdeflate_free_compressor(compressor_); }
  GzipCompressor(const GzipCompressor&) = delete;
  GzipCompressor& operator=(const GzipCompressor&) = delete;

  Result<std::string_view> compress(std::string_view bytes) override {
    if (compressor_ == nullptr) {
      return transient("gzip an object: out of memory");
    }
    out_.resize(libdeflate_gzip_compress_bound(compressor_, bytes.size()));
    const size_t size =
        libdeflate_gzip_compress(compressor_, bytes.data(), bytes.size(), out_.data(), out_.size());
    CHECK(size > 0);
    return std::string_view(out_).substr(0, size);
  }

 private:
  libdeflate_compressor* compressor_;
  std::string out_;
};

class ZstdCompressor final : public Compressor {
 public:
  ZstdCompressor() : context_(ZSTD_createCCtx()) {}
  ~ZstdCompressor() override { ZSTD_freeCCtx(context_); }
  ZstdCompressor(const ZstdCompressor&) = delete;
  ZstdCompressor& operator=(const ZstdCompressor&) = delete;

  Result<std::string_view> compress(std::string_view bytes) override {
    if (context_ == nullptr) {
      return transient("zstd an object: out of memory");
    }
    out_.resize(ZSTD_compressBound(bytes.size()));
    const size_t size =
        ZSTD_compressCCtx(context_, out_.data(), out_.size(), bytes.data(), bytes.size(), kLevel);
    if (ZSTD_isError(size) != 0) {
      return transient(fmt::format("zstd an object: {}", ZSTD_getErrorName(size)));
    }
    return std::string_view(out_).substr(0, size);
  }

 private:
  ZSTD_CCtx* context_;
  std::string out_;
};

}  // namespace

Result<Compression> compression_of(std::string_view name) {
  if (name == "none") {
    return Compression::none;
  }
  if (name == "gzip") {
    return Compression::gzip;
  }
  if (name == "zstd") {
    return Compression::zstd;
  }
  return fatal(fmt::format("unknown compression \"{}\": none, gzip or zstd", name));
}

std::string_view extension_of(Compression compression) {
  switch (compression) {
    case Compression::none:
      return "";
    case Compression::gzip:
      return ".gz";
    case Compression::zstd:
      return ".zst";
  }
  unreachable();
}

std::unique_ptr<Compressor> Compressor::make(Compression compression) {
  switch (compression) {
    case Compression::none:
      return nullptr;
    case Compression::gzip:
      return std::make_unique<GzipCompressor>();
    case Compression::zstd:
      return std::make_unique<ZstdCompressor>();
  }
  unreachable();
}

}  // namespace penstock::lake
