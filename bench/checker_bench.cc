// Checking registers: operations a second and peak memory, as the history grows tenfold and as the
// ways to make it hard are switched on. Arguments: [largest number of operations], default 1000000.

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "checker/certificate/verify.h"
#include "checker/checker.h"

namespace assay {
namespace {

struct Load {
  const char* name;
  std::size_t processes = 10;
  std::int64_t keys = 1'000;
  std::int64_t values = 0;  ///< 0: every write has its own value
  double cas = 0;
  std::size_t pending = 0;  ///< operations that never return
  bool stale_read = false;  ///< one, near the end
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
        take_effect(o, started);
        o.stage = 2;
        continue;
      }
      --busy;
      o.stage = 0;
      const std::size_t every = load_.pending == 0 ? 0 : operations_ / load_.pending;
      if (every != 0 && started % every == 0 && o.f != "read") {
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

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double peak_mebibytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void measure(const Load& load, std::size_t operations) {
  const History history = Generator(load, operations).make();
  for (const int threads : {1, 2}) {
    CheckOptions options;
    options.threads = threads;
    options.timeout = std::chrono::seconds(60);
    const auto begin = std::chrono::steady_clock::now();
    const auto result = check(history, options);
    const double took = seconds_since(begin);
    if (!result) {
      fmt::print("{}\n", result.error().message);
      return;
    }
    const auto verify_begin = std::chrono::steady_clock::now();
    const bool verified = verify(history, result.value().certificate).ok();
    fmt::print("{:<34} {:>9} {:>2} {:>10.4f} {:>8.2f} {:>9.3f} {:>8.0f}  {} {}{}\n", load.name,
               operations, threads, took, static_cast<double>(operations) / took / 1e6,
               seconds_since(verify_begin), peak_mebibytes(), name_of(result.value().verdict),
               result.value().statistics.algorithm, verified ? "" : " NOT VERIFIED");
  }
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  using assay::Load;
  const std::size_t largest = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000;
  const std::vector<Load> loads{
      {.name = "unique, 1000 keys"},
      {.name = "unique, cas, 1000 keys", .cas = 0.3},
      {.name = "unique, cas, stale read", .cas = 0.3, .stale_read = true},
      {.name = "unique, 1 key", .keys = 1},
      {.name = "unique, 1 key, 50 processes", .processes = 50, .keys = 1},
      {.name = "5 values, cas, 10 keys", .keys = 10, .values = 5, .cas = 0.3},
      {.name = "5 values, cas, 10 keys, 50 proc.",
       .processes = 50,
       .keys = 10,
       .values = 5,
       .cas = 0.3},
      {.name = "5 values, 1 key", .keys = 1, .values = 5},
      {.name = "5 values, 1 key, 100 pending", .keys = 1, .values = 5, .pending = 100},
      {.name = "5 values, 1 key, stale read", .keys = 1, .values = 5, .stale_read = true},
  };
  fmt::print("{:<34} {:>9} {:>2} {:>10} {:>8} {:>9} {:>8}\n", "load", "ops", "j", "check s",
             "M ops/s", "verify s", "peak MiB");
  for (const Load& load : loads) {
    for (std::size_t n = largest / 100; n <= largest; n *= 10) assay::measure(load, n);
  }
  return 0;
}
