// cobra: what Cobra's clients log (OSDI 2020), one binary file a session, in a folder or a tar
// archive. Records, big endian: S transaction; W write, key, value; R writer's transaction, write,
// key, value; C transaction. Each number has 8 bytes; S and C may carry a time.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "history/formats/binary_input.h"
#include "history/formats/readers.h"
#include "history/formats/streams.h"
#include "history/formats/tar.h"
#include "history/formats/text_lines.h"
#include "history/formats/transaction_events.h"

namespace assay {
namespace {

// Writers that stand for what was there in the beginning: loaded, or absent.
constexpr std::int64_t loaded_writer = 0xbebeebee;
constexpr std::int64_t absent_writer = 0xdeadbeef;

std::string_view base_name(std::string_view path) {
  return path.substr(path.find_last_of('/') + 1);
}

/// T12.log, as Cobra names the log of a session.
bool is_session_name(std::string_view path, std::string_view ending) {
  std::string_view name = base_name(path);
  if (!name.starts_with('T') || !name.ends_with(ending)) return false;
  name = name.substr(1, name.size() - 1 - ending.size());
  return integer_in(name).has_value();
}

bool is_letter(std::uint8_t c) { return c == 'S' || c == 'W' || c == 'R' || c == 'C'; }

class CobraReader {
 public:
  CobraReader(const ReadOptions& options, EventSink& sink) : events_(sink) {
    declare_transactions("cobra", options, sink);
  }

  /// One session. Errors name the byte.
  Status read_log(BinaryInput& input) {
    while (!input.at_end()) {
      const std::uint64_t begin = input.offset();
      const std::uint8_t letter = next_letter(input);
      Status status;
      if (letter == 'S') {
        status = begin_transaction(input, begin);
      } else if (letter == 'C') {
        status = end_transaction(input, begin);
      } else if (letter == 'W' || letter == 'R') {
        status = read_operation(input, letter, begin);
      } else {
        status = bad(begin, fmt::format("expected a record S, W, R or C, got byte {}", letter));
      }
      if (!status) return status;
      if (input.failed()) return input.cut_short("a record");
    }
    if (letter_) return input.cut_short("a record");
    // A client that was stopped within its last transaction: nobody knows what became of it.
    Status status;
    if (open_) status = events_.finish(session_, EventType::info, begin_time_);
    open_ = false;
    ++session_;
    return status;
  }

  Status finish() {
    if (session_ == 0) {
      return Error{ErrorKind::bad_data, "byte 0: there is no log of a session (T1.log, …)"};
    }
    return {};
  }

 private:
  static Status bad(std::uint64_t at, std::string_view what) {
    return Error{ErrorKind::bad_data, fmt::format("byte {}: {}", at, what)};
  }

  std::uint8_t next_letter(BinaryInput& input) {
    if (!letter_) return input.byte();
    const std::uint8_t letter = *letter_;
    letter_.reset();
    return letter;
  }

  /// Whether S and C carry times is not written anywhere: a record must follow, so a byte that
  /// begins none is the first of a time.
  Nanos read_time(BinaryInput& input) {
    if (input.at_end()) return unknown_time;
    const std::uint8_t byte = input.byte();
    if (is_letter(byte)) {
      letter_ = byte;
      return unknown_time;
    }
    std::uint64_t time = byte;
    for (int i = 0; i < 7; ++i) time = time << 8U | input.byte();
    return Nanos(static_cast<std::int64_t>(time));
  }

  Status begin_transaction(BinaryInput& input, std::uint64_t begin) {
    if (open_) return bad(begin, "a transaction begins before the one before it ended");
    input.big_i64();
    open_ = true;
    begin_time_ = read_time(input);
    return {};
  }

  Status end_transaction(BinaryInput& input, std::uint64_t begin) {
    if (!open_) return bad(begin, "a transaction ends that did not begin");
    input.big_i64();
    open_ = false;
    const Nanos end_time = read_time(input);
    if (input.failed()) return input.cut_short("a record");
    if (auto status = events_.finish(session_, EventType::ok, begin_time_, end_time); !status) {
      return status.error().in(fmt::format("byte {}", begin));
    }
    return {};
  }

  /// A value is named by its write's number; the bytes that were written are only a hash.
  Status read_operation(BinaryInput& input, std::uint8_t letter, std::uint64_t begin) {
    if (!open_) return bad(begin, "an operation outside of a transaction");
    const std::int64_t writer = letter == 'R' ? input.big_i64() : 0;
    const std::int64_t write = input.big_i64();
    const std::int64_t key = input.big_i64();
    input.big_i64();
    if (letter == 'W') {
      events_.write(key, write);
    } else if (writer == loaded_writer || writer == absent_writer) {
      events_.read(key, Value());
    } else {
      events_.read(key, write);
    }
    return {};
  }

  TransactionEvents events_;
  std::int64_t session_ = 0;
  std::optional<std::uint8_t> letter_;  ///< of the next record, if it was taken already
  bool open_ = false;
  Nanos begin_time_ = unknown_time;
};

}  // namespace

bool is_session_log(std::string_view name) {
  return is_session_name(name, ".log") || is_session_name(name, ".debug") ||
         is_session_name(name, ".error");
}

bool recognise_cobra(std::string_view beginning) {
  return is_tar(beginning) && is_session_log(first_tar_entry(beginning).name);
}

Status read_cobra(std::istream& input, const ReadOptions& options, EventSink& sink) {
  CobraReader reader(options, sink);
  TarReader tar(*input.rdbuf());
  while (true) {
    const auto more = tar.next();
    if (!more) return more.error();
    if (!*more) return reader.finish();
    if (!tar.entry().regular || !is_session_name(tar.entry().name, ".log")) continue;
    BinaryInput log(*input.rdbuf(), tar.offset(), tar.entry().size);
    if (auto status = reader.read_log(log); !status) return status.error().in(tar.entry().name);
    tar.consumed(log.offset() - tar.offset());
  }
}

Status read_cobra_folder(const std::string& path, const ReadOptions& options, EventSink& sink) {
  std::vector<std::pair<std::int64_t, std::string>> logs;
  std::error_code failure;
  for (std::filesystem::directory_iterator entry(path, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    const std::string name = entry->path().string();
    if (!is_session_name(name, ".log")) continue;
    const std::string_view base = base_name(name);
    logs.emplace_back(*integer_in(base.substr(1, base.size() - 5)), name);
  }
  if (failure) return Error{ErrorKind::no_input, fmt::format("{}: {}", path, failure.message())};
  if (logs.empty()) {
    return Error{
        ErrorKind::no_input,
        fmt::format("{}: the folder holds neither a run nor logs of sessions (T1.log, …)", path)};
  }
  std::sort(logs.begin(), logs.end());
  CobraReader reader(options, sink);
  for (const auto& [number, name] : logs) {
    auto source = open_source(name);
    if (!source) return source.error();
    BinaryInput log(**source);
    const Status status = reader.read_log(log);
    if (auto error = (*source)->error()) return error->in(name);
    if (!status) return status.error().in(name);
  }
  return reader.finish();
}

}  // namespace assay
