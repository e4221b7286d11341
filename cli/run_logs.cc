#include "cli/run_logs.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/history_input.h"
#include "harness/run_store.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* zero_schema = "assay.zero/1";
constexpr std::size_t lines_max = 40'000;
constexpr std::size_t file_bytes_max = std::size_t{64} << 20U;
constexpr std::int64_t second = 1'000'000'000;
constexpr std::size_t level_within = 80;

std::optional<std::int64_t> read_zero(const std::string& folder) {
  auto text = read_text(folder + "/zero.json");
  if (!text.ok()) return std::nullopt;
  const auto document = nlohmann::json::parse(*text, nullptr, false);
  if (!document.is_object() || document.value("schema", "") != zero_schema) return std::nullopt;
  const auto at = document.find("unix_ns");
  if (at == document.end() || !at->is_number_integer()) return std::nullopt;
  return at->get<std::int64_t>();
}

std::optional<int> digits(std::string_view text, std::size_t from, std::size_t count) {
  if (text.size() < from + count) return std::nullopt;
  int number = 0;
  const char* const end = text.data() + from + count;
  const auto [at, failure] = std::from_chars(text.data() + from, end, number);
  if (failure != std::errc{} || at != end || number < 0) return std::nullopt;
  return number;
}

struct Stamp {
  std::int64_t unix_ns;
  std::size_t length;  ///< bytes of the line that it took
};

/// "2026-11-28T15:10:41.133271Z " or "2026-11-28 15:10:41.133 UTC ".
std::optional<Stamp> stamp_of(std::string_view line) {
  constexpr std::size_t whole = 19;
  if (line.size() < whole || line[4] != '-' || line[7] != '-' || line[13] != ':' ||
      line[16] != ':' || (line[10] != 'T' && line[10] != ' ')) {
    return std::nullopt;
  }
  const auto year = digits(line, 0, 4);
  const auto month = digits(line, 5, 2);
  const auto day = digits(line, 8, 2);
  const auto hour = digits(line, 11, 2);
  const auto minute = digits(line, 14, 2);
  const auto sec = digits(line, 17, 2);
  if (!year || !month || !day || !hour || !minute || !sec) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *year < 1970 || *year > 2200) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  std::int64_t at = (((days * 24 + *hour) * 60 + *minute) * 60 + *sec) * second;
  std::size_t length = whole;
  if (length < line.size() && (line[length] == '.' || line[length] == ',')) {
    std::int64_t unit = second / 10;
    for (++length; length < line.size() && line[length] >= '0' && line[length] <= '9'; ++length) {
      at += (line[length] - '0') * unit;
      unit /= 10;
    }
  }
  for (const std::string_view zone : {"Z", " UTC", " GMT"}) {
    if (line.substr(length).starts_with(zone)) length += zone.size();
  }
  return Stamp{at, length};
}

LogLine::Level level_of(std::string_view text) {
  std::string head(text.substr(0, level_within));
  std::transform(head.begin(), head.end(), head.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const auto has = [&](std::string_view word) { return head.find(word) != std::string::npos; };
  if (has("error") || has("fatal") || has("panic")) return LogLine::Level::error;
  return has("warn") ? LogLine::Level::warning : LogLine::Level::info;
}

void read_log(const fs::path& path, const std::string& node, std::int64_t zero,
              std::vector<LogLine>& lines) {
  std::ifstream file(path, std::ios::binary);
  std::size_t bytes = 0;
  for (std::string text; bytes < file_bytes_max && std::getline(file, text);) {
    bytes += text.size() + 1;
    const auto stamp = stamp_of(text);
    if (!stamp || stamp->unix_ns < zero - second) continue;
    const std::string_view rest = std::string_view(text).substr(stamp->length);
    const std::size_t begin = std::min(rest.find_first_not_of(' '), rest.size());
    LogLine line;
    line.at = Nanos(std::max<std::int64_t>(0, stamp->unix_ns - zero));
    line.level = level_of(rest);
    line.node = node;
    line.text = rest.substr(begin);
    lines.push_back(std::move(line));
  }
}

/// Keeps `lines_max` lines: those that stand out first, an even share of the others.
void thin_out(std::vector<LogLine>& lines) {
  if (lines.size() <= lines_max) return;
  const auto plain = [](const LogLine& line) { return line.level == LogLine::Level::info; };
  const auto plain_lines =
      static_cast<std::size_t>(std::count_if(lines.begin(), lines.end(), plain));
  const std::size_t loud = std::min(lines_max, lines.size() - plain_lines);
  const std::size_t room = lines_max - loud;
  std::size_t seen = 0;
  std::size_t loud_kept = 0;
  std::erase_if(lines, [&](const LogLine& line) {
    if (!plain(line)) return ++loud_kept > loud;
    const std::size_t before = seen * room / plain_lines;
    return ++seen * room / plain_lines == before;
  });
}

}  // namespace

Status write_zero(const std::string& folder) {
  const std::int64_t now =
      std::chrono::duration_cast<Nanos>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  return write_file(folder + "/zero.json",
                    fmt::format("{{\"schema\":\"{}\",\"unix_ns\":{}}}\n", zero_schema, now));
}

std::vector<LogLine> read_run_logs(const std::string& folder) {
  std::vector<LogLine> lines;
  const auto zero = read_zero(folder);
  if (!zero) return lines;
  std::error_code failure;
  for (const auto& node : fs::directory_iterator(folder + "/logs", failure)) {
    if (!node.is_directory(failure)) continue;
    for (const auto& file : fs::directory_iterator(node.path(), failure)) {
      if (!file.is_regular_file(failure) || file.path().filename() == packets_file) continue;
      read_log(file.path(), node.path().filename().string(), *zero, lines);
    }
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const LogLine& a, const LogLine& b) { return a.at < b.at; });
  thin_out(lines);
  return lines;
}

}  // namespace assay::cli
