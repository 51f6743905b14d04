#include "connectors/files/inflate.h"

#include <fmt/core.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <climits>

namespace penstock::files {

namespace {

constexpr int kGzipWindow = 15 + 16;   // zlib: the largest window, in a gzip wrapper
constexpr int kZstdWindowLogMax = 27;  // 128 MiB, zstd's own default bound: no frame may ask more

class GzipInflater final : public Inflater {
 public:
  GzipInflater() { ready_ = inflateInit2(&stream_, kGzipWindow) == Z_OK; }
  ~GzipInflater() override {
    if (ready_) {
      inflateEnd(&stream_);
    }
  }
  GzipInflater(const GzipInflater&) = delete;
  GzipInflater& operator=(const GzipInflater&) = delete;

  Result<Step> step(std::string_view in, std::span<char> out) override {
    if (!ready_) {
      return transient("gunzip: out of memory");
    }
    if (ended_ && !in.empty()) {
      inflateReset(&stream_);
      ended_ = false;
    }
    // zlib's input is not const for historic reasons; it does not write to it.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(std::min<size_t>(in.size(), UINT_MAX));
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(std::min<size_t>(out.size(), UINT_MAX));
    const size_t in_before = stream_.avail_in;
    const size_t out_before = stream_.avail_out;
    const int code = inflate(&stream_, Z_NO_FLUSH);
    if (code == Z_STREAM_END) {
      ended_ = true;
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      return rejected(fmt::format("gunzip: {}", stream_.msg == nullptr ? "damaged" : stream_.msg));
    }
    return Step{in_before - stream_.avail_in, out_before - stream_.avail_out};
  }
  bool may_end() const override { return ended_; }

 private:
  z_stream stream_ = {};
  bool ready_ = false;
  bool ended_ = true;  // also an empty file may end
};

class ZstdInflater final : public Inflater {
 public:
  ZstdInflater() : context_(ZSTD_createDCtx()) {
    if (context_ != nullptr) {
      ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, kZstdWindowLogMax);
    }
  }
  ~ZstdInflater() override { ZSTD_freeDCtx(context_); }
  ZstdInflater(const ZstdInflater&) = delete;
  ZstdInflater& operator=(const ZstdInflater&) = delete;

  Result<Step> step(std::string_view in, std::span<char> out) override {
    if (context_ == nullptr) {
      return transient("unzstd: out of memory");
    }
    if (ended_ && in.empty()) {
      return Step{};
    }
    ZSTD_inBuffer input = {in.data(), in.size(), 0};
    ZSTD_outBuffer output = {out.data(), out.size(), 0};
    const size_t left = ZSTD_decompressStream(context_, &output, &input);
    if (ZSTD_isError(left) != 0) {
      return rejected(fmt::format("unzstd: {}", ZSTD_getErrorName(left)));
    }
    ended_ = left == 0;
    return Step{input.pos, output.pos};
  }
  bool may_end() const override { return ended_; }

 private:
  ZSTD_DCtx* context_;
  bool ended_ = true;
};

}  // namespace

bool is_compressed_name(std::string_view path) {
  return path.ends_with(".gz") || path.ends_with(".zst");
}

std::unique_ptr<Inflater> make_inflater(std::string_view path) {
  if (path.ends_with(".zst")) {
    return std::make_unique<ZstdInflater>();
  }
  return std::make_unique<GzipInflater>();
}

}  // namespace penstock::files
