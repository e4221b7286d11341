#include "history/formats/compression.h"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace assay {
namespace {

constexpr std::size_t chunk_bytes = std::size_t{64} << 10U;

// NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): zlib's byte type.
Bytef* zlib_bytes(char* bytes) { return reinterpret_cast<Bytef*>(bytes); }
// NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)

/// What both decompressors share: compressed bytes in chunks, and the position for errors.
class Decompressor : public ByteSource {
 public:
  explicit Decompressor(std::unique_ptr<ByteSource> compressed)
      : compressed_(std::move(compressed)), chunk_(chunk_bytes) {}
  std::optional<Error> error() const override {
    if (auto below = compressed_->error()) return below;
    return error_;
  }

 protected:
  /// Loads the next chunk. False at the end of the compressed bytes.
  bool refill() {
    // What is there, without waiting for a full chunk: the writer may pause.
    size_ = compressed_->read_some(chunk_.data(), chunk_.size());
    read_ += size_;
    return size_ > 0;
  }
  std::size_t fail(std::uint64_t unread, std::string_view what) {
    error_ = Error{ErrorKind::bad_data,
                   fmt::format("byte {} of the compressed file: {}", read_ - unread, what)};
    return 0;
  }
  bool failed() const { return error_.has_value(); }
  char* chunk() { return chunk_.data(); }
  std::size_t chunk_size() const { return size_; }

 private:
  std::unique_ptr<ByteSource> compressed_;
  std::vector<char> chunk_;
  std::size_t size_ = 0;
  std::uint64_t read_ = 0;
  std::optional<Error> error_;
};

class GzipSource : public Decompressor {
 public:
  explicit GzipSource(std::unique_ptr<ByteSource> compressed)
      : Decompressor(std::move(compressed)) {
    constexpr int gzip_only = 15 + 16;
    ASSAY_ASSERT(inflateInit2(&zlib_, gzip_only) == Z_OK);
  }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;
  ~GzipSource() override { inflateEnd(&zlib_); }

 protected:
  std::size_t fill(char* to, std::size_t count) override {
    if (failed()) return 0;
    zlib_.next_out = zlib_bytes(to);
    zlib_.avail_out = static_cast<uInt>(count);
    while (zlib_.avail_out == count) {
      if (zlib_.avail_in == 0) {
        if (!refill()) return within_ ? fail(0, "the gzip data is cut short") : 0;
        zlib_.next_in = zlib_bytes(chunk());
        zlib_.avail_in = static_cast<uInt>(chunk_size());
      }
      within_ = true;
      const int code = inflate(&zlib_, Z_NO_FLUSH);
      if (code == Z_STREAM_END) {
        within_ = false;
        inflateReset(&zlib_);
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return fail(zlib_.avail_in, fmt::format("the gzip data is damaged ({})",
                                                zlib_.msg != nullptr ? zlib_.msg : "unknown"));
      }
    }
    return count - zlib_.avail_out;
  }

 private:
  z_stream zlib_{};
  bool within_ = false;
};

class ZstdSource : public Decompressor {
 public:
  explicit ZstdSource(std::unique_ptr<ByteSource> compressed)
      : Decompressor(std::move(compressed)), stream_(ZSTD_createDStream(), &ZSTD_freeDStream) {
    ASSAY_ASSERT(stream_ != nullptr);
  }

 protected:
  std::size_t fill(char* to, std::size_t count) override {
    if (failed()) return 0;
    ZSTD_outBuffer out{to, count, 0};
    while (out.pos == 0) {
      // What the decoder still holds comes before new input is needed.
      if (in_.pos == in_.size && !more_) {
        if (!refill()) return within_ ? fail(0, "the Zstandard data is cut short") : 0;
        in_ = {chunk(), chunk_size(), 0};
      }
      const std::size_t code = ZSTD_decompressStream(stream_.get(), &out, &in_);
      if (ZSTD_isError(code) != 0) {
        return fail(in_.size - in_.pos,
                    fmt::format("the Zstandard data is damaged ({})", ZSTD_getErrorName(code)));
      }
      within_ = code != 0;
      more_ = out.pos == out.size && within_;
    }
    return out.pos;
  }

 private:
  std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream_;
  ZSTD_inBuffer in_{nullptr, 0, 0};
  bool within_ = false;
  bool more_ = false;
};

/// What both compressors share: a buffer of plain bytes.
class Compressor : public ByteSink {
 public:
  explicit Compressor(std::streambuf& output) : output_(output), buffer_(chunk_bytes) {
    setp(buffer_.data(), buffer_.data() + buffer_.size());
  }
  Status finish() override {
    compress(pbase(), static_cast<std::size_t>(pptr() - pbase()), true);
    if (!failed_) return {};
    return Error{ErrorKind::cannot_write, "the compressed output could not be written"};
  }

 protected:
  int_type overflow(int_type c) override {
    compress(pbase(), static_cast<std::size_t>(pptr() - pbase()), false);
    setp(buffer_.data(), buffer_.data() + buffer_.size());
    if (failed_) return traits_type::eof();
    if (c != traits_type::eof()) sputc(traits_type::to_char_type(c));
    return traits_type::not_eof(c);
  }
  virtual void compress(char* bytes, std::size_t count, bool last) = 0;
  void put(const char* bytes, std::size_t count) {
    if (output_.sputn(bytes, static_cast<std::streamsize>(count)) !=
        static_cast<std::streamsize>(count)) {
      failed_ = true;
    }
  }
  void fail() { failed_ = true; }

 private:
  std::streambuf& output_;
  std::vector<char> buffer_;
  bool failed_ = false;
};

class GzipSink : public Compressor {
 public:
  explicit GzipSink(std::streambuf& output) : Compressor(output), out_(chunk_bytes) {
    constexpr int gzip_only = 15 + 16;
    ASSAY_ASSERT(deflateInit2(&zlib_, 6, Z_DEFLATED, gzip_only, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  }
  GzipSink(const GzipSink&) = delete;
  GzipSink& operator=(const GzipSink&) = delete;
  ~GzipSink() override { deflateEnd(&zlib_); }

 protected:
  void compress(char* bytes, std::size_t count, bool last) override {
    zlib_.next_in = zlib_bytes(bytes);
    zlib_.avail_in = static_cast<uInt>(count);
    do {
      zlib_.next_out = zlib_bytes(out_.data());
      zlib_.avail_out = static_cast<uInt>(out_.size());
      if (deflate(&zlib_, last ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_ERROR) return fail();
      put(out_.data(), out_.size() - zlib_.avail_out);
    } while (zlib_.avail_out == 0);
  }

 private:
  z_stream zlib_{};
  std::vector<char> out_;
};

class ZstdSink : public Compressor {
 public:
  explicit ZstdSink(std::streambuf& output)
      : Compressor(output), stream_(ZSTD_createCCtx(), &ZSTD_freeCCtx), out_(chunk_bytes) {
    ASSAY_ASSERT(stream_ != nullptr);
    ZSTD_CCtx_setParameter(stream_.get(), ZSTD_c_checksumFlag, 1);
  }

 protected:
  void compress(char* bytes, std::size_t count, bool last) override {
    ZSTD_inBuffer in{bytes, count, 0};
    std::size_t left = 0;
    do {
      ZSTD_outBuffer out{out_.data(), out_.size(), 0};
      left = ZSTD_compressStream2(stream_.get(), &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
      if (ZSTD_isError(left) != 0) return fail();
      put(out_.data(), out.pos);
    } while (last ? left != 0 : in.pos != in.size);
  }

 private:
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> stream_;
  std::vector<char> out_;
};

}  // namespace

std::unique_ptr<ByteSource> gzip_source(std::unique_ptr<ByteSource> compressed) {
  return std::make_unique<GzipSource>(std::move(compressed));
}
std::unique_ptr<ByteSource> zstd_source(std::unique_ptr<ByteSource> compressed) {
  return std::make_unique<ZstdSource>(std::move(compressed));
}
std::unique_ptr<ByteSink> gzip_sink(std::streambuf& output) {
  return std::make_unique<GzipSink>(output);
}
std::unique_ptr<ByteSink> zstd_sink(std::streambuf& output) {
  return std::make_unique<ZstdSink>(output);
}

}  // namespace assay
