// One reader, given any bytes: a history that can be written and read again, or an error that says
// where. ASSAY_FUZZ_FORMAT is the format's name; "compressed" stands for what lies around a file:
// gzip, Zstandard, tar.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <istream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "history/formats/format.h"
#include "history/formats/streams.h"
#include "history/formats/tar.h"
#include "history/sink.h"
#include "history/validation.h"

namespace {

using namespace assay;

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "%s: %s\n", ASSAY_FUZZ_FORMAT, why.c_str());
  std::abort();
}

/// Bytes in memory as a stream, which says how much of it is there.
class MemorySource : public ByteSource {
 public:
  explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}
  std::optional<Error> error() const override { return std::nullopt; }

 protected:
  std::size_t fill(char* to, std::size_t count) override {
    const std::size_t taken = std::min(count, bytes_.size());
    if (taken > 0) std::memcpy(to, bytes_.data(), taken);
    bytes_.remove_prefix(taken);
    return taken;
  }

 private:
  std::string_view bytes_;
};

const Format* format_named(std::string_view name) {
  for (const Format& format : formats()) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

void check_error(const Error& error) {
  const bool placed = error.message.find("line ") != std::string::npos ||
                      error.message.find("byte ") != std::string::npos ||
                      error.message.find("event ") != std::string::npos;
  if (error.kind != ErrorKind::bad_data || !placed || error.message.find('\n') != std::string::npos)
    fail("an error without a place: " + error.message);
}

Status read(const Format& format, std::string_view bytes, EventSink& sink) {
  MemorySource source(bytes);
  std::istream input(&source);
  return format.read(input, {}, sink);
}

/// What was read can be written as a journal, and comes back the same.
void check_history(const History& history) {
  const Format& journal = *format_named("assay");
  std::ostringstream written;
  if (!journal.write(history, written)) fail("a history that cannot be written");
  HistorySink again;
  const std::string bytes = written.str();
  if (auto status = read(journal, bytes, again); !status) fail(status.error().message);
  const auto second = again.finish();
  if (!second) fail("written and read again: " + second.error().message);
  if (second->digest() != history.digest()) fail("another history comes back");
}

void read_format(const Format& format, std::string_view bytes) {
  HistorySink sink;
  const Status status = read(format, bytes, sink);
  // Who wants all problems finds one exactly if the first ended the reading.
  HistoryValidator validator;
  const Status all = read(format, bytes, validator);
  validator.finish();
  if (!status) {
    check_error(status.error());
    if (all && validator.problem_count() == 0)
      fail("no problem where there was: " + status.error().message);
    return;
  }
  const auto history = sink.finish();
  if (history) {
    if (!all || validator.problem_count() > 0) fail("a problem where there was none");
    check_history(*history);
  } else {
    check_error(history.error());
  }
}

/// However much it expands to, it takes no memory; the time is limited here.
void read_compressed(std::string_view bytes) {
  auto source = decompressed(std::make_unique<MemorySource>(bytes));
  if (is_tar(source->peek(4096))) source = tar_member(std::move(source));
  std::vector<char> buffer(std::size_t{64} << 10U);
  for (int i = 0; i < 100; ++i) {
    if (source->sgetn(buffer.data(), static_cast<std::streamsize>(buffer.size())) <= 0) break;
  }
  if (const auto error = source->error()) check_error(*error);
}

}  // namespace

extern "C" const char* assay_fuzz_format() { return ASSAY_FUZZ_FORMAT; }

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are bytes.
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static const Format* const format = format_named(ASSAY_FUZZ_FORMAT);
  if (format != nullptr) {
    read_format(*format, bytes);
  } else {
    read_compressed(bytes);
  }
  return 0;
}
