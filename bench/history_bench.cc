// Building, writing and reading histories of a register over many keys: speed and memory.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/random.h"
#include "history/formats/format.h"
#include "history/history.h"

namespace assay {
namespace {

double megabytes(double bytes) { return bytes / 1e6; }

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double pages = 0;
  file >> pages >> pages;
  return pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double peak_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

double seconds_since(Nanos start) {
  return std::chrono::duration<double>(monotonic_now() - start).count();
}

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
  const double before = resident_bytes();
  const Nanos start = monotonic_now();
  const History history = make(operations);
  const double seconds = seconds_since(start);
  const double held = resident_bytes() - before;
  fmt::print(
      "{:>10} operations  {:>6.2f} s  {:>5.2f} M events/s  {:>6.1f} B/operation  "
      "{:>7.1f} MB held  {:>7.1f} MB peak\n",
      operations, seconds, 2.0 * static_cast<double>(operations) / seconds / 1e6,
      held / static_cast<double>(operations), megabytes(held), megabytes(peak_bytes()));
}

void measure_format(const History& history, const std::string& format, const std::string& suffix) {
  const std::string path =
      (std::filesystem::temp_directory_path() / fmt::format("assay-bench-{}{}", ::getpid(), suffix))
          .string();
  const double events = 2.0 * static_cast<double>(history.size());
  Nanos start = monotonic_now();
  if (!write_history(history, path, format)) return;
  const double write_seconds = seconds_since(start);
  start = monotonic_now();
  ReadOptions options;
  options.keyed = "yes";
  const auto again = read_history(path, options);
  const double read_seconds = seconds_since(start);
  const bool same = again.ok() && again->digest() == history.digest();
  fmt::print("{:<12}{:<5} write {:>5.2f} M events/s  read {:>5.2f} M events/s  {:>7.1f} MB  {}\n",
             format, suffix, events / write_seconds / 1e6, events / read_seconds / 1e6,
             megabytes(static_cast<double>(std::filesystem::file_size(path))),
             same ? "same" : "DIFFERENT");
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  const std::uint64_t largest = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000'000;
  for (std::uint64_t operations = 1'000'000; operations <= largest; operations *= 10) {
    assay::measure_building(operations);
  }
  const assay::History history = assay::make(1'000'000);
  for (const assay::Format& format : assay::formats()) {
    if (format.write == nullptr) continue;
    assay::measure_format(history, std::string(format.name), "");
    assay::measure_format(history, std::string(format.name), ".zst");
  }
  return 0;
}
