// Models of sessions and weak isolation levels: operations a second of CPU time, of the whole check
// of a history in memory, with peak memory, as the history grows tenfold. The store has a log of
// commits; each session sees a prefix of it, some way behind, with its own commits. Arguments:
// [largest number of operations [part of a name]], by default 1000000 and all.

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
#include "bench/usage.h"
#include "checker/checker.h"

namespace assay {
namespace {

struct Load {
  const char* name;
  const char* model;
  std::int32_t sessions = 50;
  std::int64_t keys = 1'000;
  std::int64_t ops = 8;   ///< a transaction; 0: single operations
  std::size_t lag = 200;  ///< commits that a session may be behind
  bool planted = false;   ///< near the end, one session reads as if it had seen no write of a key
  std::size_t largest = 100'000'000;
};

class Generator {
 public:
  Generator(const Load& load, std::size_t operations)
      : load_(load),
        random_(17),
        operations_(operations),
        versions_(static_cast<std::size_t>(load.keys)),
        sees_(static_cast<std::size_t>(load.sessions), 0) {}

  History make() {
    HistoryInfo info;
    info.datatype = load_.ops == 0 ? "register" : "rw-register";
    info.initial_declared = true;
    info.real_time = RealTime::none;
    HistoryBuilder builder(std::move(info));
    for (std::size_t done = 0; done < operations_;) {
      const auto session = static_cast<std::int32_t>(random_.below(sees_.size()));
      std::size_t& sees = sees_[static_cast<std::size_t>(session)];
      sees = std::max(sees, commits_ - std::min(commits_, random_.below(load_.lag + 1)));
      late_ = done > operations_ - operations_ / 20;
      done += load_.ops == 0 ? single(session, sees, builder) : several(session, sees, builder);
    }
    if (load_.planted && !planted_) fmt::print(stderr, "nothing was planted\n");
    return std::move(builder.finish()).value();
  }

 private:
  struct Version {
    std::size_t commit;
    std::int64_t value;
  };

  Value read(std::int64_t key, std::size_t sees) {
    const auto& versions = versions_[static_cast<std::size_t>(key)];
    const auto after = std::partition_point(versions.begin(), versions.end(),
                                            [&](const Version& v) { return v.commit <= sees; });
    if (after == versions.begin()) return {};
    if (load_.planted && late_ && !planted_) {
      planted_ = true;
      return {};
    }
    return Value((after - 1)->value);
  }
  Value write(std::int64_t key) {
    versions_[static_cast<std::size_t>(key)].push_back({commits_ + 1, ++value_});
    return Value(value_);
  }

  std::size_t single(std::int32_t session, std::size_t& sees, HistoryBuilder& builder) {
    const std::int64_t key = random_.between(0, load_.keys - 1);
    const bool writes = random_.chance(0.5);
    const Value value = writes ? write(key) : read(key, sees);
    if (writes) sees = ++commits_;
    emit(session, writes ? "write" : "read", Value(key), writes ? value : Value(), value, builder);
    return 1;
  }

  std::size_t several(std::int32_t session, std::size_t& sees, HistoryBuilder& builder) {
    Value::List list;
    const std::int64_t count = random_.between(1, 2 * load_.ops - 1);
    bool wrote = false;
    std::vector<std::int64_t> keys;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t key = random_.between(0, load_.keys - 1);
      if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
      keys.push_back(key);
      const bool writes = random_.chance(0.5);
      list.push_back(Value::List{Value(writes ? "w" : "r"), Value(key),
                                 writes ? write(key) : read(key, sees)});
      wrote = wrote || writes;
    }
    const std::size_t size = list.size();
    if (wrote) sees = ++commits_;
    const Value value(std::move(list));
    emit(session, "txn", std::nullopt, value, value, builder);
    return size;
  }

  void emit(std::int32_t session, const char* f, const std::optional<Value>& key,
            const Value& argument, const Value& result, HistoryBuilder& builder) {
    for (const bool completed : {false, true}) {
      Event event;
      event.index = index_++;
      event.process = static_cast<ProcessId>(session);
      event.type = completed ? EventType::ok : EventType::invoke;
      event.f = f;
      event.key = key;
      event.value = completed ? result : argument;
      if (const auto status = builder.add(event); !status) {
        fmt::print(stderr, "{}\n", status.error().message);
        std::exit(70);
      }
    }
  }

  const Load& load_;
  Random random_;
  std::size_t operations_;
  std::vector<std::vector<Version>> versions_;  ///< by key
  std::vector<std::size_t> sees_;               ///< by session: so many commits
  std::size_t commits_ = 0;
  std::int64_t value_ = 0;
  std::uint64_t index_ = 0;
  bool late_ = false;
  bool planted_ = false;
};

double measure(const Load& load, const History& history, std::size_t n, int threads,
               bool certificate, double before) {
  CheckOptions options;
  options.models = {load.model};
  options.threads = threads;
  options.certificate = certificate;
  const bench::PeakMemory memory;
  const double start = bench::cpu_seconds();
  const double own_start = bench::own_seconds();
  const auto clock = std::chrono::steady_clock::now();
  const auto result = check(history, options);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - clock;
  const double took = bench::cpu_seconds() - start;
  const double own = bench::own_seconds() - own_start;
  if (!result) {
    fmt::print(stderr, "{}\n", result.error().message);
    std::exit(70);
  }
  const auto operations = static_cast<double>(n);
  fmt::print("{:<34} {:>9} {:>2} {:>4} {:>8.3f} {:>8.3f} {:>8.3f} {:>8.2f} {:>7.0f} {:>7}  {}\n",
             load.name, n, threads, certificate ? "yes" : "no", took, own, wall.count(),
             operations / took / 1e6, memory.bytes() / operations,
             before > 0 ? fmt::format("x{:.1f}", took / before) : "-", name_of(result->verdict));
  return took;
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  using assay::Load;
  const auto [largest, wanted] = assay::bench::read_arguments(
      argc, argv, "Measures the check of models of sessions.", 1'000'000);
  const std::vector<Load> loads{
      {.name = "read committed (BE)", .model = "read-committed-be"},
      {.name = "read atomic", .model = "read-atomic"},
      {.name = "transactional causal", .model = "transactional-causal"},
      {.name = "transactional causal, 10 keys", .model = "transactional-causal", .keys = 10},
      {.name = "transactional causal, planted", .model = "transactional-causal", .planted = true},
      {.name = "read-your-writes", .model = "read-your-writes", .ops = 0},
      {.name = "monotonic-reads", .model = "monotonic-reads", .ops = 0},
      {.name = "monotonic-writes", .model = "monotonic-writes", .ops = 0},
      {.name = "writes-follow-reads", .model = "writes-follow-reads", .ops = 0},
      {.name = "causal (CC)", .model = "causal", .ops = 0},
      {.name = "causal-convergence (CCv)", .model = "causal-convergence", .ops = 0},
      {.name = "causal-convergence, 1 key", .model = "causal-convergence", .keys = 1, .ops = 0},
      {.name = "causal-convergence, planted",
       .model = "causal-convergence",
       .ops = 0,
       .planted = true},
      {.name = "pram", .model = "pram", .ops = 0, .largest = 1'000'000},
      {.name = "causal-memory (CM)", .model = "causal-memory", .ops = 0, .largest = 1'000'000},
      {.name = "sequential", .model = "sequential", .ops = 0, .largest = 1'000'000},
  };
  fmt::print("{:<34} {:>9} {:>2} {:>4} {:>8} {:>8} {:>8} {:>8} {:>7} {:>7}  verdict\n",
             "model, 50 sessions", "ops", "j", "cert", "cpu s", "own s", "wall s", "Mops/s", "B/op",
             "growth");
  for (const Load& load : loads) {
    if (std::string_view(load.name).find(wanted) == std::string_view::npos) continue;
    double before = 0;
    for (std::size_t n = std::min(largest, load.largest) / 10; n <= std::min(largest, load.largest);
         n *= 10) {
      const assay::History history = assay::Generator(load, n).make();
      before = assay::measure(load, history, n, 1, false, before);
      assay::measure(load, history, n, 2, false, 0);
      assay::measure(load, history, n, 1, true, 0);
      if (before > 30) break;
    }
  }
  return 0;
}
