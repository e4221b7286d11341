// Checking registers: operations a second of CPU time and peak memory beyond the history, as the
// history grows tenfold. Without arguments, a table of loads; --keys and the like make one of their
// own (see --help).

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "bench/register_load.h"
#include "bench/usage.h"
#include "checker/checker.h"
#include "history/formats/format.h"

namespace assay::bench {
namespace {

std::vector<RegisterLoad> table() {
  std::vector<RegisterLoad> loads;
  const auto add = [&](std::string name, auto change) {
    RegisterLoad load;
    change(load);
    load.name = std::move(name);
    loads.push_back(std::move(load));
  };
  const auto hard = [](RegisterLoad& load) {
    load.processes = 50;
    load.keys = 1;
    load.values = 5;
    load.pending = 0.2;
    load.largest = 10'000;
  };
  add("unique, 1000 keys", [](RegisterLoad&) {});
  add("unique, 1000 keys, stale read", [](RegisterLoad& l) { l.stale_read = true; });
  add("unique, cas, 1000 keys", [](RegisterLoad& l) { l.cas = 0.3; });
  add("unique, cas, 10 keys", [](RegisterLoad& l) { l.cas = 0.3, l.keys = 10; });
  add("unique, 50 proc., 10 keys", [](RegisterLoad& l) { l.processes = 50, l.keys = 10; });
  add("unique, 1 key", [](RegisterLoad& l) { l.keys = 1; });
  add("unique, 1 key, stale read", [](RegisterLoad& l) { l.keys = 1, l.stale_read = true; });
  add("unique, 1 key, 50 proc.", [](RegisterLoad& l) { l.processes = 50, l.keys = 1; });
  add("unique, 1 key, 1% pending", [](RegisterLoad& l) { l.keys = 1, l.pending = 0.02; });
  add("5 values, 1 key", [](RegisterLoad& l) { l.keys = 1, l.values = 5; });
  add("5 values, 1 key, stale read",
      [](RegisterLoad& l) { l.keys = 1, l.values = 5, l.stale_read = true; });
  add("5 values, 10 keys", [](RegisterLoad& l) { l.keys = 10, l.values = 5; });
  add("5 values, 10 keys, stale read",
      [](RegisterLoad& l) { l.keys = 10, l.values = 5, l.stale_read = true; });
  add("5 values, cas, 10 keys", [](RegisterLoad& l) { l.keys = 10, l.values = 5, l.cas = 0.3; });
  add("5 values, cas, 10 keys, 50 proc.",
      [](RegisterLoad& l) { l.processes = 50, l.keys = 10, l.values = 5, l.cas = 0.3; });
  add("5 values, 1 key, 1% pending",
      [](RegisterLoad& l) { l.keys = 1, l.values = 5, l.pending = 0.02, l.largest = 100'000; });
  add("5 values, cas, 1 key, 1% pending", [](RegisterLoad& l) {
    l.keys = 1, l.values = 5, l.cas = 0.3, l.pending = 0.015, l.largest = 100'000;
  });
  for (const int values : {5, 50}) {
    for (const bool cas : {false, true}) {
      for (const bool stale : {false, true}) {
        add(fmt::format("{} val.{}, 50 proc., 10% pending{}", values, cas ? ", cas" : "",
                        stale ? ", stale" : ""),
            [&](RegisterLoad& l) {
              hard(l);
              l.values = values;
              l.stale_read = stale;
              if (cas) l.cas = 0.3, l.pending = 0.15;
            });
      }
    }
  }
  return loads;
}

struct Settings {
  std::uint64_t seed = 7;
  std::vector<int> threads{1, 2};
  double timeout_s = 60;
  std::uint64_t memory_bytes = 0;
  bool certificate = false;
};

void print_heading() {
  fmt::print("{:<38} {:>9} {:>2} {:>9} {:>9} {:>8} {:>8} {:>7}\n", "load", "ops", "j", "CPU s",
             "wall s", "M/s CPU", "extra B", "growth");
}

/// The seconds of CPU that the first number of threads took.
double measure(const RegisterLoad& load, std::size_t operations, const Settings& settings,
               double before) {
  const History history = make_registers(load, operations, settings.seed);
  double first = 0;
  for (const int threads : settings.threads) {
    CheckOptions options;
    options.threads = threads;
    options.certificate = settings.certificate;
    options.memory_bytes = settings.memory_bytes;
    options.timeout =
        std::chrono::duration_cast<Nanos>(std::chrono::duration<double>(settings.timeout_s));
    const PeakMemory memory;
    const double cpu = cpu_seconds();
    const auto begin = std::chrono::steady_clock::now();
    const auto result = check(history, options);
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
    const double took = cpu_seconds() - cpu;
    const double extra = memory.bytes() / static_cast<double>(operations);
    if (!result) {
      fmt::print("{}: {}\n", load.name, result.error().message);
      return took;
    }
    std::string notes;
    if (!result->anomalies.empty()) {
      notes += fmt::format(", witness of {}", result->anomalies.front().witness.size());
    }
    if (!result->unknown_because.empty()) notes += ": " + result->unknown_because;
    const std::string growth =
        first == 0 && before > 0 ? fmt::format("x{:.1f}", took / before) : std::string();
    fmt::print("{:<38} {:>9} {:>2} {:>9.4f} {:>9.4f} {:>8.2f} {:>8.1f} {:>7}  {} {}{}\n", load.name,
               operations, threads, took, wall.count(),
               static_cast<double>(operations) / took / 1e6, extra, growth,
               name_of(result->verdict), result->statistics.algorithm, notes);
    std::fflush(stdout);
    if (first == 0) first = took;
  }
  return first;
}

int run(int argc, char** argv) {
  CLI::App app("Measures the check of registers.");
  std::size_t operations = 1'000'000;
  std::string only;
  RegisterLoad own;
  own.name = "as asked";
  Settings settings;
  std::string output;
  app.add_option("--operations", operations, "the largest history; the smallest is a tenth of it")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--only", only, "of the table, the loads with this in their names");
  app.add_option("--seed", settings.seed, "of the generator")->capture_default_str();
  app.add_option("--threads", settings.threads, "numbers of threads to measure")
      ->check(CLI::PositiveNumber)
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--timeout", settings.timeout_s, "seconds a check")->capture_default_str();
  app.add_option("--memory", settings.memory_bytes, "limit in bytes; 0: none");
  app.add_flag("--certificate", settings.certificate, "make certificates too");
  app.add_option("--output", output, "only write the history as asked to this file (.assay)");
  std::vector<CLI::Option*> load{
      app.add_option("--keys", own.keys, "a load of its own: keys")->check(CLI::PositiveNumber),
      app.add_option("--processes", own.processes, "… clients")->check(CLI::PositiveNumber),
      app.add_option("--values", own.values, "… values to write; 0: each its own")
          ->check(CLI::NonNegativeNumber),
      app.add_option("--cas", own.cas, "… share of cas")->check(CLI::Range(0.0, 1.0)),
      app.add_option("--reads", own.reads, "… share of reads in the rest")
          ->check(CLI::Range(0.0, 1.0)),
      app.add_option("--pending", own.pending, "… share of mutations that never return")
          ->check(CLI::Range(0.0, 1.0)),
      app.add_flag("--stale", own.stale_read, "… with a stale read near the end"),
      app.add_option("--wrong-reads", own.wrong_reads, "… share of reads that return any value")
          ->check(CLI::Range(0.0, 1.0))};
  CLI11_PARSE(app, argc, argv);
  if (!output.empty()) {
    const History history = make_registers(own, operations, settings.seed);
    const auto status = write_history(history, output, "assay");
    if (!status) fmt::print(stderr, "{}\n", status.error().message);
    return status ? 0 : 73;
  }
  const bool one = std::any_of(load.begin(), load.end(), [](const auto* o) { return !o->empty(); });
  print_heading();
  for (const RegisterLoad& each : one ? std::vector<RegisterLoad>{own} : table()) {
    if (each.name.find(only) == std::string::npos) continue;
    const std::size_t largest = std::min(operations, each.largest);
    const double before = largest < 10 ? 0 : measure(each, largest / 10, settings, 0);
    measure(each, largest, settings, before);
  }
  return 0;
}

}  // namespace
}  // namespace assay::bench

int main(int argc, char** argv) { return assay::bench::run(argc, argv); }
