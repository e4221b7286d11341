// The table of formats, and reading and writing files by it.
#include "history/formats/format.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <istream>
#include <ostream>
#include <system_error>
#include <utility>

#include "base/suggestion.h"
#include "history/formats/readers.h"
#include "history/formats/streams.h"
#include "history/formats/tar.h"

namespace assay {
namespace {

constexpr std::size_t look_ahead = 4096;

constexpr std::array table{
    Format{"assay", "binary journal, as runs record it", ".assay", recognise_journal,
           read_journal_format, write_journal_format},
    Format{"assay-jsonl", "JSON lines: an optional header, then one event a line", ".jsonl",
           recognise_json_lines, read_json_lines, write_json_lines},
    Format{"kv-log", "key-value test log: an EDN map a line, with :key and get, put, append",
           ".txt", recognise_kv_log, read_kv_log, nullptr},
    Format{"jepsen-test", "Jepsen's binary file test.jepsen", ".jepsen", recognise_jepsen_test,
           read_jepsen_test, nullptr},
    Format{"jepsen-json", "Jepsen history as JSON: one array of objects, or an object a line",
           ".json", recognise_jepsen_json, read_jepsen_json, nullptr},
    Format{"etcd-operations", "operations of a client of etcd's robustness tests, JSON", ".json",
           recognise_etcd_operations, read_etcd_operations, nullptr},
    Format{"jepsen-edn", "Jepsen history: one vector or list of maps, or a map a line", ".edn",
           recognise_jepsen_edn, read_jepsen_edn, write_jepsen_edn},
    Format{"jepsen-log", "Jepsen log lines: process, type, function and value, tab separated",
           ".log .txt", recognise_jepsen_log, read_jepsen_log, nullptr},
    Format{"plume", "transactions, an operation a line: r|w(key,value,session,txn)", ".txt",
           recognise_plume, read_plume, write_plume},
    Format{"awdit", "transactions: lines 'r|w key value', parted by ----- and =====", ".txt",
           recognise_awdit, read_awdit, nullptr},
    Format{"limo", "lines '[n] call f x' and '[n] return y' after '# @object type'", ".hist .log",
           recognise_limo, read_limo, nullptr},
    Format{"pram", "a process a line, its operations as wx1 and rx1", ".txt", recognise_pram,
           read_pram, nullptr},
    Format{"cobra", "transactions: a folder or tar archive of binary logs T1.log, T2.log, …",
           ".tar", recognise_cobra, read_cobra, nullptr},
    Format{"dbcop", "transactions in dbcop's binary form", ".bincode", recognise_dbcop, read_dbcop,
           nullptr},
};

std::string format_names() {
  std::string names;
  for (const Format& format : table) {
    if (!names.empty()) names += ", ";
    names += format.name;
  }
  return names;
}

Result<const Format*> format_named(std::string_view name) {
  for (const Format& format : table) {
    if (format.name == name) return &format;
  }
  std::vector<std::string_view> names;
  for (const Format& format : table) names.push_back(format.name);
  return Error{ErrorKind::usage, fmt::format("unknown format '{}'{}; known are {}", name,
                                             did_you_mean(name, names), format_names())};
}

Result<const Format*> choose(const std::string& name, std::string_view beginning) {
  if (name != "auto") return format_named(name);
  for (const Format& format : table) {
    if (format.recognise(beginning)) return &format;
  }
  return Error{ErrorKind::bad_data,
               fmt::format("line 1 (byte 0): looks like none of the formats {}; --format names one",
                           format_names())};
}

/// Enough of the beginning to tell the format. If the writer pauses, the lines there are must do,
/// so that a history is followed from its first line on.
std::string_view look_at(ByteSource& source, const ReadOptions& options) {
  for (std::size_t least = 1;;) {
    const std::string_view beginning = source.peek(least, look_ahead);
    if (beginning.size() < least || beginning.size() == look_ahead) return beginning;
    const std::string_view lines = beginning.substr(0, beginning.rfind('\n') + 1);
    const bool known = !lines.empty() && (options.format != "auto" || choose("auto", lines).ok());
    if (known || recognise_journal(beginning)) return beginning;
    least = beginning.size() + 1;
  }
}

Status check_options(const ReadOptions& options) {
  if (options.format != "auto") {
    if (auto format = format_named(options.format); !format) return format.error();
  }
  const auto& keyed = options.keyed;
  if (keyed != "auto" && keyed != "yes" && keyed != "no") {
    return Error{ErrorKind::usage, fmt::format("--keyed takes auto, yes or no, not '{}'", keyed)};
  }
  const auto& realtime = options.realtime;
  if (realtime != "global" && realtime != "process" && realtime != "none") {
    return Error{ErrorKind::usage,
                 fmt::format("--realtime takes global, process or none, not '{}'", realtime)};
  }
  return {};
}

Status write_to(const History& history, std::ostream& output, const std::string& path,
                const Format& format) {
  const auto sink = compressed(*output.rdbuf(), path);
  std::ostream plain(sink.get());
  Status status = format.write(history, plain);
  if (status) status = sink->finish();
  output.flush();
  if (status && !output) status = Error{ErrorKind::cannot_write, "the output could not be written"};
  return status;
}

/// Writes beside the file and renames, so that a failure leaves what was there before.
Status write_file(const History& history, const std::string& path, const Format& format) {
  std::error_code ignored;
  const bool special =
      std::filesystem::exists(path, ignored) && !std::filesystem::is_regular_file(path, ignored);
  const std::string part = special ? path : fmt::format("{}.part-{}", path, ::getpid());
  std::ofstream file(part, std::ios::binary | std::ios::trunc);
  if (!file) {
    return Error{ErrorKind::cannot_write,
                 fmt::format("{}: {}", path, std::generic_category().message(errno))};
  }
  Status status = write_to(history, file, path, format);
  file.close();
  if (status && !file) status = Error{ErrorKind::cannot_write, "the file could not be closed"};
  if (status && !special && std::rename(part.c_str(), path.c_str()) != 0) {
    status = Error{ErrorKind::cannot_write, std::generic_category().message(errno)};
  }
  if (status) return {};
  if (!special) std::filesystem::remove(part, ignored);
  return status.error().in(path);
}

}  // namespace

std::span<const Format> formats() { return table; }

void apply_options(const ReadOptions& options, HistoryInfo& info) {
  if (!options.datatype.empty()) info.datatype = options.datatype;
  if (options.initial) {
    info.initial = *options.initial;
    info.initial_declared = true;
  }
  if (options.realtime != "global") info.real_time = RealTime::none;
}

Status read_events(const std::string& path, const ReadOptions& options, EventSink& sink) {
  if (auto status = check_options(options); !status) return status;
  std::error_code ignored;
  const bool any_format = options.format == "auto" || options.format == "cobra";
  if (any_format && path != "-" && std::filesystem::is_directory(path, ignored)) {
    return read_cobra_folder(path, options, sink);
  }
  auto opened = open_source(path, options.watch);
  if (!opened) return opened.error();
  const std::string name = path == "-" ? "standard input" : path;
  auto source = decompressed(*std::move(opened));
  std::string_view beginning = look_at(*source, options);
  // An archive is either the logs of Cobra's sessions or a wrapping around one history.
  if (options.format != "cobra" && is_tar(beginning) && !recognise_cobra(beginning)) {
    source = tar_member(std::move(source));
    beginning = source->peek(look_ahead);
  }
  if (auto error = source->error()) return error->in(name);
  if (beginning.empty()) {
    return Error{ErrorKind::bad_data, fmt::format("{}: line 1 (byte 0): the file is empty", name)};
  }
  auto format = choose(options.format, beginning);
  if (!format) return format.error().in(name);
  std::istream input(source.get());
  const Status status = (*format)->read(input, options, sink);
  // A stream that broke off is the reason for whatever the reader then complained about.
  if (auto error = source->error()) return error->in(name);
  if (!status) return status.error().in(name);
  return {};
}

Result<History> read_history(const std::string& path, const ReadOptions& options) {
  HistorySink sink;
  if (auto status = read_events(path, options, sink); !status) return status.error();
  auto history = sink.finish();
  if (!history) return history.error().in(path == "-" ? "standard input" : path);
  return history;
}

Status write_history(const History& history, const std::string& path, const std::string& format) {
  const auto entry = format_named(format);
  if (!entry) return entry.error();
  if ((*entry)->write == nullptr) {
    return Error{ErrorKind::usage, fmt::format("format '{}' can only be read", format)};
  }
  if (path == "-") return write_to(history, std::cout, path, **entry);
  return write_file(history, path, **entry);
}

}  // namespace assay
