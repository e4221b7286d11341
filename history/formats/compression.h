#pragma once
// gzip and Zstandard as sources and sinks; used by streams.cc only.

#include <memory>
#include <streambuf>

#include "history/formats/streams.h"

namespace assay {

std::unique_ptr<ByteSource> gzip_source(std::unique_ptr<ByteSource> compressed);
std::unique_ptr<ByteSource> zstd_source(std::unique_ptr<ByteSource> compressed);
std::unique_ptr<ByteSink> gzip_sink(std::streambuf& output);
std::unique_ptr<ByteSink> zstd_sink(std::streambuf& output);

}  // namespace assay
