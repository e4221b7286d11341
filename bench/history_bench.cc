// Building, writing and reading histories of a register over many keys: speed and memory.
#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "bench/arguments.h"
#include "history/formats/format.h"
#include "history/formats/streams.h"
#include "history/history.h"
#include "usage.h"

namespace assay {
namespace {

/// Ten processes over a thousand keys; written values are unique. Reads, writes and cas alike.
History make(std::uint64_t operations) {
  constexpr int processes = 10;
  Random random(42);
  HistoryInfo info;
  info.real_time = RealTime::time;
  HistoryBuilder builder(info);
  std::vector<Event> open(processes);
  Event event;
  event.node = "n1";
  for (std::uint64_t i = 0; i < operations + processes; ++i) {
    const auto process = static_cast<int>(i % processes);
    Event& slot = open[static_cast<std::size_t>(process)];
    event.process = static_cast<ProcessId>(process);
    if (i >= processes) {
      slot.index = event.index++;
      slot.time = event.time += Nanos(500);
      slot.type = EventType::ok;
      if (slot.f == "read") slot.value = static_cast<std::int64_t>(random.below(i));
      static_cast<void>(builder.add(slot).ok());
    }
    if (i >= operations) continue;
    slot = event;
    slot.index = event.index++;
    slot.time = event.time += Nanos(500);
    slot.key = static_cast<std::int64_t>(random.below(1000));
    const auto kind = random.below(3);
    const auto unique = static_cast<std::int64_t>(i);
    slot.f = kind == 0 ? "read" : kind == 1 ? "write" : "cas";
    slot.value = kind == 0 ? Value()
                 : kind == 1
                     ? Value(unique)
                     : Value(Value::List{static_cast<std::int64_t>(random.below(i + 1)), unique});
    static_cast<void>(builder.add(slot).ok());
  }
  return std::move(builder.finish()).value();
}

void measure_building(std::uint64_t operations) {
  const bench::PeakMemory memory;
  const double start = bench::cpu_seconds();
  const History history = make(operations);
  const double seconds = bench::cpu_seconds() - start;
  fmt::print("{:<12}{:<5}{:>10} operations {:>8.2f} s {:>6.2f} M operations/s {:>32} {:>6.1f}\n",
             "(building)", "", operations, seconds, static_cast<double>(operations) / seconds / 1e6,
             "", memory.bytes() / static_cast<double>(operations));
}

/// What reading a text costs where nothing is done with it: its length.
double text_bytes(const std::string& path) {
  auto source = open_source(path);
  if (!source) return 0;
  const auto plain = decompressed(*std::move(source));
  std::vector<char> buffer(std::size_t{1} << 20U);
  double bytes = 0;
  while (true) {
    const auto got = plain->sgetn(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    if (got <= 0) return bytes;
    bytes += static_cast<double>(got);
  }
}

struct Measurement {
  std::string format;
  std::string suffix;
  std::uint64_t operations;
};

/// Writes a history and reads it again. False if another one comes back.
bool measure_format(const Measurement& m) {
  const auto path = (std::filesystem::temp_directory_path() /
                     fmt::format("assay-bench-{}{}", ::getpid(), m.suffix))
                        .string();
  std::string digest;
  double write_seconds = 0;
  {
    const History history = make(m.operations);
    digest = history.digest();
    const double start = bench::cpu_seconds();
    if (!write_history(history, path, m.format)) return false;
    write_seconds = bench::cpu_seconds() - start;
  }
  const double bytes = text_bytes(path);
  ReadOptions options;
  // A list of two does not tell whether it is a key with a value.
  options.keyed = m.format == "jepsen-edn" ? "yes" : "auto";
  ::malloc_trim(0);  // what earlier histories held does not hide what this one takes
  const bench::PeakMemory memory;
  const double start = bench::cpu_seconds();
  const auto again = read_history(path, options);
  const double read_seconds = bench::cpu_seconds() - start;
  const double peak = memory.bytes();
  std::filesystem::remove(path);
  const bool same = again.ok() && again->digest() == digest;
  const auto operations = static_cast<double>(m.operations);
  fmt::print(
      "{:<12}{:<5}{:>10} operations {:>8.2f} s {:>6.2f} M operations/s {:>7.1f} MB/s  "
      "(write {:>6.1f} MB/s) {:>6.1f} {}\n",
      m.format, m.suffix, m.operations, read_seconds, operations / read_seconds / 1e6,
      bytes / read_seconds / 1e6, bytes / write_seconds / 1e6, peak / operations,
      same ? "" : "DIFFERENT");
  return same;
}

/// Reads a file of any format, as read_history does.
int measure_file(const std::string& path) {
  const double bytes = text_bytes(path);
  const bench::PeakMemory memory;
  const double start = bench::cpu_seconds();
  const auto history = read_history(path, {});
  const double seconds = bench::cpu_seconds() - start;
  if (!history) {
    fmt::print(stderr, "{}\n", history.error().message);
    return history.error().exit_code();
  }
  const auto operations = static_cast<double>(history->size());
  fmt::print(
      "{}: {} operations {:.2f} s {:.2f} M operations/s {:.1f} MB/s {:.1f} bytes an operation\n",
      path, history->size(), seconds, operations / seconds / 1e6, bytes / seconds / 1e6,
      memory.bytes() / operations);
  return 0;
}

}  // namespace
}  // namespace assay

// bench_history FILE: reading that file. Otherwise
// bench_history [OPERATIONS [FORMAT]]: up to so many operations, a tenth of them first.
int main(int argc, char** argv) {
  if (argc == 2 && std::filesystem::exists(argv[1])) return assay::measure_file(argv[1]);
  const auto [largest, only] = assay::bench::read_arguments(
      argc, argv, "Measures reading and writing of histories by format; FILE: of one file.",
      10'000'000);
  fmt::print(
      "CPU time of all threads; MB of the uncompressed bytes; last column: peak bytes an "
      "operation\n");
  bool same = true;
  for (const std::uint64_t operations : {largest / 10, largest}) {
    if (only.empty()) assay::measure_building(operations);
  }
  for (const assay::Format& format : assay::formats()) {
    const std::string name(format.name);
    // plume holds transactions only.
    if (format.write == nullptr || name == "plume" || (!only.empty() && name != only)) continue;
    same = assay::measure_format({name, "", largest / 10}) && same;
    same = assay::measure_format({name, "", largest}) && same;
    same = assay::measure_format({name, ".zst", largest / 10}) && same;
    same = assay::measure_format({name, ".gz", largest / 10}) && same;
  }
  return same ? 0 : 1;
}
