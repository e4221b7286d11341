#include "cli/history_input.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <limits>
#include <system_error>

namespace assay::cli {

void HistoryInput::define(CLI::App& app) {
  std::string names = "auto";
  for (const Format& format : formats()) names += ", " + std::string(format.name);
  app.add_option("--format,-f", options.format, "format of the history: " + names)
      ->capture_default_str();
  app.add_option("--datatype", options.datatype, "datatype; default: as declared, else inferred");
  app.add_option("--keyed", options.keyed, "are values [key value] pairs? auto, yes, no")
      ->check(CLI::IsMember({"auto", "yes", "no"}))
      ->capture_default_str();
  app.add_option("--initial", initial,
                 "initial value of every key; default: as declared, else nil");
  app.add_option("--realtime", options.realtime, "which real-time order counts")
      ->check(CLI::IsMember({"none", "process", "global"}))
      ->capture_default_str();
  app.add_flag("--recover", options.recover,
               "read a journal that was cut inside a block up to its last whole block");
}

ReadOptions HistoryInput::effective() const {
  ReadOptions result = options;
  if (!initial.empty()) result.initial = parse_scalar(initial);
  return result;
}

Result<History> HistoryInput::read(const std::string& path) const {
  auto history = read_history(history_path(path), effective());
  if (history.ok()) {
    for (const std::string& note : history->info().notes) {
      fmt::print(stderr, "assay: note: {}\n", note);
    }
  }
  return history;
}

Status HistoryInput::read_into(EventSink& sink, const std::string& path) const {
  return read_events(history_path(path), effective(), sink);
}

std::string history_path(const std::string& path) {
  std::error_code ignored;
  const std::string run = path + "/history.assay";
  return std::filesystem::exists(run, ignored) ? run : path;
}

Value parse_scalar(const std::string& text) {
  if (text == "nil" || text == "null") return {};
  if (text == "true" || text == "false") return text == "true";
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure == std::errc{} && end == text.data() + text.size()) return number;
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    return text.substr(1, text.size() - 2);
  }
  return text;
}

Result<std::uint64_t> parse_bytes(const std::string& text) {
  struct Unit {
    std::string_view name;
    std::uint64_t bytes;
  };
  constexpr std::uint64_t k = 1000;
  constexpr std::uint64_t ki = 1024;
  static constexpr std::array<Unit, 14> units{{{"", 1},
                                               {"B", 1},
                                               {"KiB", ki},
                                               {"K", ki},
                                               {"kB", k},
                                               {"KB", k},
                                               {"MiB", ki * ki},
                                               {"M", ki * ki},
                                               {"MB", k * k},
                                               {"GiB", ki * ki * ki},
                                               {"G", ki * ki * ki},
                                               {"GB", k * k * k},
                                               {"TiB", ki * ki * ki * ki},
                                               {"TB", k * k * k * k}}};
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const Unit& known : units) {
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (failure == std::errc{} && unit == known.name && number <= most / known.bytes) {
      if (number != 0) return number * known.bytes;
      return Error{ErrorKind::usage, "'" + text + "': expected a size of at least 1 byte"};
    }
  }
  return Error{ErrorKind::usage, "'" + text +
                                     "' is not a size: expected a whole number with B, KiB, MiB, "
                                     "GiB, TiB, kB, MB, GB or TB, e.g. 512MiB"};
}

Result<std::string> read_text(const std::string& path) {
  if (path == "-") {
    return std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  }
  const auto refusal = [&](const std::string& why) {
    return Error{ErrorKind::no_input, "cannot read '" + path + "': " + why};
  };
  std::error_code failure;
  if (std::filesystem::is_directory(path, failure)) {
    return refusal("it is a folder; expected a file");
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) {
    return refusal(errno == 0 ? "opening failed" : std::generic_category().message(errno));
  }
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file.bad()) return refusal("reading failed");
  return text;
}

}  // namespace assay::cli
