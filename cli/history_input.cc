#include "cli/history_input.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

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

Result<History> HistoryInput::read(const std::string& path) const {
  ReadOptions effective = options;
  if (!initial.empty()) effective.initial = parse_scalar(initial);
  auto history = read_history(history_path(path), effective);
  if (history.ok()) {
    for (const std::string& note : history->info().notes) {
      fmt::print(stderr, "assay: note: {}\n", note);
    }
  }
  return history;
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
    unsigned shift;
  };
  static constexpr std::array<Unit, 8> units{
      {{"", 0}, {"B", 0}, {"KiB", 10}, {"K", 10}, {"MiB", 20}, {"M", 20}, {"GiB", 30}, {"G", 30}}};
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const Unit& known : units) {
    if (failure == std::errc{} && unit == known.name && number >> (63U - known.shift) == 0) {
      return number << known.shift;
    }
  }
  return Error{ErrorKind::usage,
               "'" + text + "' is not a size: expected a number with KiB, MiB or GiB, e.g. 8GiB"};
}

Result<std::string> read_text(const std::string& path) {
  if (path == "-") {
    return std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  }
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.is_open() || file.bad()) {
    return Error{ErrorKind::no_input, "cannot read '" + path + "'"};
  }
  return text;
}

}  // namespace assay::cli
