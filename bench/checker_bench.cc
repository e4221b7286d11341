// Checking registers: operations a second and peak memory, as the history grows tenfold and as the
// ways to make it hard are switched on. Arguments: [largest number of operations [part of a name]],
// by default 1000000 and all.

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "checker/checker.h"

namespace assay {
namespace {

struct Load {
  const char* name;
  std::size_t processes = 10;
  std::int64_t keys = 1'000;
  std::int64_t values = 0;  ///< 0: every write has its own value
  double cas = 0;
  double pending = 0;       ///< share of mutations that never return; half of them take effect
  bool stale_read = false;  ///< one, near the end
  std::size_t largest = 100'000'000;  ///< not with more operations than these
};

/// A correct register per key under `processes` clients, each effect inside its operation.
class Generator {
 public:
  Generator(const Load& load, std::size_t operations)
      : load_(load), random_(7), operations_(operations), state_(keys()), previous_(keys()) {}

  History make() {
    HistoryInfo info;
    info.datatype = "register";
    info.initial = Value(0);
    info.real_time = RealTime::position;
    HistoryBuilder builder(std::move(info));
    std::vector<Open> open(load_.processes);
    std::int32_t next_process = 0;
    for (Open& o : open) o.process = next_process++;
    std::size_t started = 0;
    std::size_t busy = 0;
    while (started < operations_ || busy > 0) {
      Open& o = random_.pick(open);
      if (o.stage == 0) {
        if (started == operations_) continue;
        ++started;
        ++busy;
        start(o, builder);
        continue;
      }
      if (o.stage == 1) {
        o.lost = o.f != "read" && random_.chance(load_.pending);
        if (!o.lost || random_.chance(0.5)) take_effect(o, started);
        o.stage = 2;
        continue;
      }
      --busy;
      o.stage = 0;
      if (o.lost) {
        emit(o, EventType::info, builder);
        o.process = next_process++;
      } else {
        emit(o, o.fails ? EventType::fail : EventType::ok, builder);
      }
    }
    return std::move(builder.finish()).value();
  }

 private:
  struct Open {
    std::int32_t process = 0;
    int stage = 0;  ///< idle, invoked, in effect
    std::int64_t key = 0;
    std::string f;
    std::int64_t old_value = 0;
    std::int64_t value = 0;
    bool fails = false;
    bool lost = false;  ///< never returns
  };

  std::size_t keys() const { return static_cast<std::size_t>(load_.keys); }
  std::int64_t fresh() {
    return load_.values == 0 ? ++next_value_ : random_.between(1, load_.values);
  }

  void start(Open& o, HistoryBuilder& builder) {
    o.stage = 1;
    o.key = random_.between(0, load_.keys - 1);
    o.fails = false;
    const double kind = random_.unit();
    o.f = kind < load_.cas ? "cas" : random_.chance(0.5) ? "read" : "write";
    o.value = o.f == "read" ? 0 : fresh();
    o.old_value = state_[static_cast<std::size_t>(o.key)];
    emit(o, EventType::invoke, builder);
  }

  void take_effect(Open& o, std::size_t started) {
    auto& state = state_[static_cast<std::size_t>(o.key)];
    auto& previous = previous_[static_cast<std::size_t>(o.key)];
    if (o.f == "read") {
      o.value = state;
      const bool late = started > operations_ - operations_ / 100;
      if (load_.stale_read && late && !planted_ && previous != state) {
        o.value = load_.values == 0 ? previous : 0;
        planted_ = true;
      }
      return;
    }
    if (o.f == "cas" && state != o.old_value) {
      o.fails = true;
      return;
    }
    previous = state;
    state = o.value;
  }

  void emit(const Open& o, EventType type, HistoryBuilder& builder) {
    Event event;
    event.index = index_++;
    event.process = static_cast<ProcessId>(o.process);
    event.type = type;
    event.f = o.f;
    event.key = Value(o.key);
    if (o.f == "cas") {
      event.value = Value::List{Value(o.old_value), Value(o.value)};
    } else if (o.f == "write" || type == EventType::ok) {
      event.value = Value(o.value);
    }
    if (const auto status = builder.add(event); !status) {
      fmt::print(stderr, "{}\n", status.error().message);
      std::exit(70);
    }
  }

  const Load& load_;
  Random random_;
  std::size_t operations_;
  std::vector<std::int64_t> state_;
  std::vector<std::int64_t> previous_;
  std::int64_t next_value_ = 0;
  std::uint64_t index_ = 0;
  bool planted_ = false;
};

/// User and system seconds of all threads: other jobs on the machine do not count.
double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double peak_mebibytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

/// Makes the kernel forget the peak so far; false if it cannot.
bool reset_peak() {
  std::FILE* file = std::fopen("/proc/self/clear_refs", "w");
  if (file == nullptr) return false;
  const bool written = std::fputs("5", file) >= 0;
  return std::fclose(file) == 0 && written;
}

double resident_mebibytes() {
  long pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return static_cast<double>(pages) * 4096 / (1 << 20);
}

double peak_now_mebibytes() {
  double result = peak_mebibytes();
  if (std::FILE* file = std::fopen("/proc/self/status", "r")) {
    char line[256];
    long kibibytes = 0;
    while (std::fgets(line, sizeof line, file) != nullptr) {
      if (std::sscanf(line, "VmHWM: %ld", &kibibytes) == 1) {
        result = static_cast<double>(kibibytes) / 1024;
      }
    }
    std::fclose(file);
  }
  return result;
}

/// The seconds of CPU it took with one thread.
double measure(const Load& load, std::size_t operations, double before) {
  const History history = Generator(load, operations).make();
  double one_thread = 0;
  for (const int threads : {1, 2}) {
    CheckOptions options;
    options.threads = threads;
    options.certificate = false;
    options.timeout = std::chrono::seconds(60);
    reset_peak();
    const double resident = resident_mebibytes();
    const double cpu = cpu_seconds();
    const auto begin = std::chrono::steady_clock::now();
    const auto result = check(history, options);
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
    const double took = cpu_seconds() - cpu;
    if (threads == 1) one_thread = took;
    if (!result) {
      fmt::print("{}\n", result.error().message);
      return took;
    }
    const std::size_t witness =
        result.value().anomalies.empty() ? 0 : result.value().anomalies.front().witness.size();
    fmt::print("{:<38} {:>9} {:>2} {:>9.4f} {:>9.4f} {:>8.2f} {:>8.1f} {:>7}  {} {}{}{}\n",
               load.name, operations, threads, took, wall.count(),
               static_cast<double>(operations) / took / 1e6,
               std::max(0.0, peak_now_mebibytes() - resident) * (1 << 20) /
                   static_cast<double>(operations),
               threads == 1 && before > 0 ? fmt::format("x{:.1f}", took / before) : "",
               name_of(result.value().verdict), result.value().statistics.algorithm,
               witness == 0 ? "" : fmt::format(", witness of {}", witness),
               result.value().unknown_because.empty() ? "" : ": " + result.value().unknown_because);
    std::fflush(stdout);
  }
  return one_thread;
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  using assay::Load;
  const std::size_t largest = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000;
  const std::string wanted = argc > 2 ? argv[2] : "";
  const std::vector<Load> loads{
      {.name = "unique, 1000 keys"},
      {.name = "unique, 1000 keys, stale read", .stale_read = true},
      {.name = "unique, cas, 1000 keys", .cas = 0.3},
      {.name = "unique, cas, 10 keys", .keys = 10, .cas = 0.3},
      {.name = "unique, 50 proc., 10 keys", .processes = 50, .keys = 10},
      {.name = "unique, 1 key", .keys = 1},
      {.name = "unique, 1 key, stale read", .keys = 1, .stale_read = true},
      {.name = "unique, 1 key, 50 proc.", .processes = 50, .keys = 1},
      {.name = "unique, 1 key, 1% pending", .keys = 1, .pending = 0.02, .largest = 1'000'000},
      {.name = "5 values, 1 key", .keys = 1, .values = 5},
      {.name = "5 values, 1 key, stale read", .keys = 1, .values = 5, .stale_read = true},
      {.name = "5 values, 10 keys", .keys = 10, .values = 5},
      {.name = "5 values, 10 keys, stale read", .keys = 10, .values = 5, .stale_read = true},
      {.name = "5 values, cas, 10 keys", .keys = 10, .values = 5, .cas = 0.3},
      {.name = "5 values, cas, 10 keys, 50 proc.",
       .processes = 50,
       .keys = 10,
       .values = 5,
       .cas = 0.3},
      {.name = "5 values, 1 key, 1% pending",
       .keys = 1,
       .values = 5,
       .pending = 0.02,
       .largest = 100'000},
      {.name = "5 values, cas, 1 key, 1% pending",
       .keys = 1,
       .values = 5,
       .cas = 0.3,
       .pending = 0.015,
       .largest = 100'000},
      {.name = "5 values, 50 proc., 10% pending",
       .processes = 50,
       .keys = 1,
       .values = 5,
       .pending = 0.2,
       .largest = 10'000},
      {.name = "5 values, 50 proc., 10% pending, stale",
       .processes = 50,
       .keys = 1,
       .values = 5,
       .pending = 0.2,
       .stale_read = true,
       .largest = 10'000},
      {.name = "5 val., cas, 50 proc., 10% pending",
       .processes = 50,
       .keys = 1,
       .values = 5,
       .cas = 0.3,
       .pending = 0.15,
       .largest = 10'000},
      {.name = "5 val., cas, 50 proc., 10% p., stale",
       .processes = 50,
       .keys = 1,
       .values = 5,
       .cas = 0.3,
       .pending = 0.15,
       .stale_read = true,
       .largest = 10'000},
      {.name = "50 val., 50 proc., 10% pending",
       .processes = 50,
       .keys = 1,
       .values = 50,
       .pending = 0.2,
       .largest = 10'000},
      {.name = "50 val., cas, 50 proc., 10% p., stale",
       .processes = 50,
       .keys = 1,
       .values = 50,
       .cas = 0.3,
       .pending = 0.15,
       .stale_read = true,
       .largest = 10'000},
  };
  fmt::print("{:<38} {:>9} {:>2} {:>9} {:>9} {:>8} {:>8} {:>7}\n", "load", "ops", "j", "CPU s",
             "wall s", "M/s CPU", "extra B", "growth");
  for (const Load& load : loads) {
    if (std::string(load.name).find(wanted) == std::string::npos) continue;
    double before = 0;
    for (std::size_t n = largest / 10; n <= std::min(largest, load.largest); n *= 10) {
      before = assay::measure(load, n, before);
    }
  }
  return 0;
}
