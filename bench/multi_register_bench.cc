// Checking several registers that one operation reads and writes at once: operations a second of
// CPU time and peak memory, as the history grows tenfold. Arguments: [largest number of operations
// [part of a name]], by default 100000 and all.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "bench/arguments.h"
#include "bench/clients.h"
#include "bench/usage.h"
#include "checker/checker.h"

namespace assay {
namespace {

struct Load {
  const char* name;
  std::size_t clients = 10;
  std::int64_t registers = 10;
  std::int64_t steps = 4;   ///< of a transaction, at most
  std::int64_t values = 0;  ///< 0: every write has its own
  double pending = 0;       ///< share of transactions that never return; half of them take effect
  bool stale_read = false;  ///< one, near the end
};

/// Correct registers, each transaction at one instant, but for a planted error near the end.
class Registers {
 public:
  struct Step {
    bool writes;
    std::int64_t reg;
    std::int64_t value;
  };
  struct Client : bench::ClientState {
    std::vector<Step> steps;
  };

  explicit Registers(const Load& load)
      : load_(load),
        random_(7),
        state_(static_cast<std::size_t>(load.registers), 0),
        before_(state_) {}

  History make(std::size_t operations) {
    HistoryInfo info;
    info.datatype = "multi-register";
    info.initial = Value(0);
    info.real_time = RealTime::position;
    return bench::Clients<Registers>(*this, random_, operations, load_.pending)
        .run(load_.clients, std::move(info));
  }

  void start(Client& o) {
    o.steps.clear();
    for (std::int64_t i = random_.between(1, load_.steps); i > 0; --i) {
      const bool writes = random_.chance(0.5);
      const std::int64_t value = !writes             ? 0
                                 : load_.values == 0 ? ++next_value_
                                                     : random_.between(1, load_.values);
      o.steps.push_back({writes, random_.between(0, load_.registers - 1), value});
    }
  }

  static bool can_be_lost(const Client&) { return true; }

  void take_effect(Client& o, bool near_end) {
    const bool plant = load_.stale_read && !planted_ && near_end;
    const auto old = state_;
    for (Step& step : o.steps) {
      std::int64_t& now = state_[static_cast<std::size_t>(step.reg)];
      if (step.writes) {
        now = step.value;
        continue;
      }
      step.value = now;
      const std::int64_t stale = before_[static_cast<std::size_t>(step.reg)];
      if (plant && now == old[static_cast<std::size_t>(step.reg)] && stale != now) {
        step.value = stale;
        planted_ = true;
      }
    }
    for (std::size_t r = 0; r < old.size(); ++r) {
      if (old[r] != state_[r]) before_[r] = old[r];
    }
  }

  static Event event(const Client& o, EventType type) {
    Event event;
    event.f = "txn";
    Value::List list;
    for (const Step& step : o.steps) {
      const bool known = step.writes || type == EventType::ok;
      list.push_back(Value::List{Value(step.writes ? "w" : "r"), Value(step.reg),
                                 known ? Value(step.value) : Value()});
    }
    event.value = Value(std::move(list));
    return event;
  }

 private:
  const Load& load_;
  Random random_;
  std::vector<std::int64_t> state_;
  std::vector<std::int64_t> before_;  ///< by register: the value that was there before
  std::int64_t next_value_ = 0;
  bool planted_ = false;
};

/// The seconds of CPU that the check took with one thread.
double measure(const Load& load, std::size_t operations, double before) {
  const History history = Registers(load).make(operations);
  CheckOptions options;
  options.threads = 1;
  options.certificate = false;
  options.timeout = std::chrono::seconds(30);
  const bench::PeakMemory memory;
  const double cpu = bench::cpu_seconds();
  const auto result = check(history, options);
  const double took = bench::cpu_seconds() - cpu;
  if (!result) {
    fmt::print("{}\n", result.error().message);
    return took;
  }
  fmt::print("{:<34} {:>9} {:>9.4f} {:>8.3f} {:>8.1f} {:>7}  {} {}{}\n", load.name, operations,
             took, static_cast<double>(operations) / took / 1e6,
             memory.bytes() / static_cast<double>(operations),
             before > 0 ? fmt::format("x{:.1f}", took / before) : "", name_of(result->verdict),
             result->statistics.algorithm,
             result->unknown_because.empty() ? "" : ": " + result->unknown_because);
  std::fflush(stdout);
  return took;
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  using assay::Load;
  const auto [largest, wanted] = assay::bench::read_arguments(
      argc, argv, "Measures the check of registers that operations write together.", 100'000);
  const std::vector<Load> loads{
      {.name = "unique, one step", .steps = 1},
      {.name = "unique"},
      {.name = "unique, stale read", .stale_read = true},
      {.name = "unique, 50 clients", .clients = 50},
      {.name = "unique, 50 clients, pending", .clients = 50, .pending = 0.1},
      {.name = "unique, 50 clients, 1000 registers", .clients = 50, .registers = 1'000},
      {.name = "5 values, one step", .steps = 1, .values = 5},
      {.name = "5 values", .values = 5},
      {.name = "5 values, stale read", .values = 5, .stale_read = true},
  };
  fmt::print("{:<34} {:>9} {:>9} {:>8} {:>8} {:>7}  verdict\n", "history", "ops", "cpu s", "Mops/s",
             "B/op", "growth");
  for (const Load& load : loads) {
    if (std::string_view(load.name).find(wanted) == std::string_view::npos) continue;
    double before = 0;
    for (std::size_t n = 1'000; n <= largest; n *= 10) {
      before = assay::measure(load, n, before);
      if (before > 10) break;
    }
  }
  return 0;
}
