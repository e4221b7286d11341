// Checking isolation levels: seconds of CPU and peak memory from a binary file to the verdict, as
// the history grows tenfold, with one and two threads; `own s` are those of the checking thread
// alone. Arguments: [largest number of transactions
// [part of a name]], by default 100000 and all; or: corpus FOLDER, for other projects' histories
// (cobra, polysi, isovista, elle).

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/random.h"
#include "bench/arguments.h"
#include "bench/usage.h"
#include "checker/checker.h"
#include "history/formats/format.h"

namespace assay {
namespace {

struct Load {
  const char* name;
  const char* model;
  bool lists = true;
  std::size_t sessions = 20;
  int ops = 4;              ///< of a transaction, on average
  std::size_t keys = 100;   ///< in use at a time
  int writes_a_key = 32;    ///< then another key takes its place
  bool blind = false;       ///< registers: writes without reads before them
  bool stale_read = false;  ///< one, near the end
  std::size_t largest = 100'000'000;
};

/// A serializable store under `sessions` clients, each transaction executed at one instant between
/// its start and its end.
class Generator {
 public:
  Generator(const Load& load, std::size_t transactions)
      : load_(load), transactions_(transactions), random_(11), active_(load.keys) {
    for (std::int64_t& key : active_) key = next_key_++;
  }

  History make() {
    HistoryInfo info;
    info.datatype = load_.lists ? "list-append" : "rw-register";
    info.real_time = RealTime::position;
    HistoryBuilder builder(std::move(info));
    std::vector<Open> open(load_.sessions);
    std::size_t started = 0;
    std::size_t busy = 0;
    while (started < transactions_ || busy > 0) {
      const auto session = static_cast<std::size_t>(random_.below(open.size()));
      Open& o = open[session];
      if (o.stage == 0) {
        if (started == transactions_) continue;
        ++started;
        ++busy;
        o = {1, plan(), {}};
        emit(session, EventType::invoke, o.operations, builder);
      } else if (o.stage == 1) {
        o.results = execute(o.operations, started);
        o.stage = 2;
      } else {
        --busy;
        o.stage = 0;
        emit(session, EventType::ok, o.results, builder);
      }
    }
    return std::move(builder.finish()).value();
  }

 private:
  struct Object {
    int writes = 0;
    Value::List list;
    Value value;
    Value previous;
  };
  struct Open {
    int stage = 0;  ///< idle, invoked, executed
    Value::List operations;
    Value::List results;
  };

  Value::List plan() {
    Value::List operations;
    const auto count = random_.between(1, 2 * load_.ops - 1);
    for (std::int64_t i = 0; i < count; ++i) {
      std::int64_t& key = random_.pick(active_);
      const bool write = random_.chance(0.5);
      if (!write || (!load_.lists && !load_.blind)) {
        operations.push_back(Value::List{"r", key, Value()});
      }
      if (!write) continue;
      operations.push_back(Value::List{load_.lists ? "append" : "w", key, Value(++next_value_)});
      if (++objects_[key].writes == load_.writes_a_key) retire(key);
    }
    return operations;
  }

  /// Only a few transactions still know a key that is no longer in use.
  void retire(std::int64_t& key) {
    retired_.push_back(std::exchange(key, next_key_++));
    if (retired_.size() < 10'000) return;
    objects_.erase(retired_.front());
    retired_.pop_front();
  }

  Value::List execute(Value::List operations, std::size_t started) {
    const bool late = load_.stale_read && started > transactions_ - transactions_ / 20;
    for (Value& operation : operations) {
      auto& parts = *operation.get_if<Value::List>();
      Object& object = objects_[*parts[1].get_if<std::int64_t>()];
      if (parts[0] == Value("r")) {
        parts[2] = load_.lists ? Value(object.list) : object.value;
        if (!late || planted_ || operations.size() > 1) continue;
        if (load_.lists ? object.list.empty() : object.previous.is_nil()) continue;
        planted_ = true;
        if (load_.lists) parts[2].get_if<Value::List>()->pop_back();
        if (!load_.lists) parts[2] = object.previous;
      } else if (load_.lists) {
        object.list.push_back(parts[2]);
      } else {
        object.previous = std::exchange(object.value, parts[2]);
      }
    }
    return operations;
  }

  void emit(std::size_t session, EventType type, const Value::List& value,
            HistoryBuilder& builder) {
    Event event;
    event.index = index_++;
    event.process = static_cast<ProcessId>(session);
    event.type = type;
    event.f = "txn";
    event.value = value;
    if (const auto status = builder.add(event); !status) {
      fmt::print(stderr, "{}\n", status.error().message);
      std::exit(70);
    }
  }

  const Load& load_;
  std::size_t transactions_;
  Random random_;
  std::vector<std::int64_t> active_;
  std::unordered_map<std::int64_t, Object> objects_;
  std::deque<std::int64_t> retired_;
  std::int64_t next_key_ = 0;
  std::int64_t next_value_ = 0;
  std::uint64_t index_ = 0;
  bool planted_ = false;
};

using bench::cpu_seconds;

/// Runs `work` in a process of its own, so that its peak memory is its own; it returns a number.
template <class Work>
double apart(const Work& work) {
  std::fflush(stdout);
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return 0;
  const pid_t child = fork();
  if (child == 0) {
    const double number = work();
    std::fflush(stdout);
    _exit(write(ends[1], &number, sizeof number) == sizeof number ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  double number = 0;
  if (status != 0 || read(ends[0], &number, sizeof number) != sizeof number) {
    fmt::print("the measured process failed\n");
  }
  close(ends[0]);
  close(ends[1]);
  return number;
}

void print_header() {
  fmt::print("{:<44} {:>9} {:>2} {:>8} {:>8} {:>8} {:>8} {:>8} {:>7}\n", "load", "txns", "j",
             "read s", "check s", "own s", "wall s", "MiB", "growth");
}

/// Reads and checks a file; prints a line. Returns the CPU seconds of both.
double measure(const std::string& name, const std::string& path, ReadOptions reading,
               const CheckOptions& options, double before) {
  reading.threads = options.threads;
  const auto begin = std::chrono::steady_clock::now();
  return apart([&] {
    const auto history = read_history(path, reading);
    if (!history) {
      fmt::print("{}: {}\n", name, history.error().message);
      return 0.0;
    }
    const double read = cpu_seconds();
    const double own_before = bench::own_seconds();
    const auto result = check(history.value(), options);
    const double own = bench::own_seconds() - own_before;
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
    if (!result) {
      fmt::print("{}: {}\n", name, result.error().message);
      return 0.0;
    }
    rusage peak{};
    getrusage(RUSAGE_SELF, &peak);
    const double all = cpu_seconds();
    fmt::print("{:<44} {:>9} {:>2} {:>8.3f} {:>8.3f} {:>8.3f} {:>8.3f} {:>8.0f} {:>7}  {}", name,
               history->size(), options.threads, read, all - read, own, wall.count(),
               static_cast<double>(peak.ru_maxrss) / 1024,
               before > 0 ? fmt::format("x{:.1f}", all / before) : "", name_of(result->verdict));
    if (!result->anomalies.empty()) {
      const Anomaly& anomaly = result->anomalies.front();
      fmt::print(" {}, witness of {}", anomaly.type, anomaly.witness.size());
    }
    fmt::print(" {} {}\n", result->statistics.algorithm, result->unknown_because);
    return all;
  });
}

void run(const Load& load, std::size_t largest) {
  const auto path =
      std::filesystem::temp_directory_path() / fmt::format("assay-bench-{}.assay", getpid());
  double before = 0;
  for (std::size_t n = largest / 10; n <= std::min(largest, load.largest); n *= 10) {
    apart([&] {
      const auto written = write_history(Generator(load, n).make(), path.string(), "assay");
      if (!written) fmt::print("{}\n", written.error().message);
      return 0.0;
    });
    double one_thread = 0;
    for (const int threads : {1, 2}) {
      CheckOptions options;
      options.models = {load.model};
      options.threads = threads;
      options.certificate = false;
      options.timeout = std::chrono::seconds(300);
      const double took = measure(load.name, path.string(), {}, options, threads == 1 ? before : 0);
      if (threads == 1) one_thread = took;
    }
    before = one_thread;
  }
  std::filesystem::remove(path);
}

struct Known {
  const char* folder;
  const char* datatype;
  const char* model;
};

void run_corpus(const std::filesystem::path& corpus) {
  for (const Known& known : {Known{"cobra", "rw-register", "serializable"},
                             Known{"polysi", "rw-register", "strong-session-snapshot-isolation"},
                             Known{"isovista", "rw-register", "serializable"}}) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(corpus / known.folder)) {
      const std::string name = entry.path().filename();
      if (entry.is_regular_file() && !name.ends_with(".md") && !name.ends_with(".json")) {
        files.push_back(entry.path());
      }
    }
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
      CheckOptions options;
      options.models = {known.model};
      options.datatype = known.datatype;
      options.threads = 1;
      options.timeout = std::chrono::seconds(120);
      measure(std::filesystem::relative(file, corpus), file, {}, options, 0);
    }
  }
  const auto huge = corpus / "elle/histories/huge-scc.edn.zst";
  ReadOptions reading;
  reading.datatype = "list-append";
  CheckOptions options;
  options.models = {"strict-serializable"};
  options.threads = 1;
  measure("elle huge-scc, strict-serializable", huge, reading, options, 0);
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  using assay::Load;
  if (argc == 3 && std::string(argv[1]) == "corpus") {
    assay::print_header();
    assay::run_corpus(argv[2]);
    return 0;
  }
  const auto [largest, wanted] = assay::bench::read_arguments(
      argc, argv, "Measures the check of transactions; `corpus FILE`: of the histories in a file.",
      100'000);
  assay::print_header();
  const std::vector<Load> loads{
      {.name = "lists, strict serializability", .model = "strict-serializable"},
      {.name = "lists, strict serializability, stale read",
       .model = "strict-serializable",
       .stale_read = true},
      {.name = "lists, snapshot isolation", .model = "snapshot-isolation"},
      {.name = "lists, read committed", .model = "read-committed"},
      {.name = "mini-transactions, serializability",
       .model = "serializable",
       .lists = false,
       .ops = 2,
       .keys = 1'000,
       .writes_a_key = 1'000'000'000},
      {.name = "mini-transactions, strict ser., stale read",
       .model = "strict-serializable",
       .lists = false,
       .ops = 2,
       .keys = 1'000,
       .writes_a_key = 1'000'000'000,
       .stale_read = true},
      {.name = "blind writes, serializability",
       .model = "serializable",
       .lists = false,
       .keys = 1'000,
       .writes_a_key = 1'000'000'000,
       .blind = true,
       .largest = 100'000},
  };
  for (const Load& load : loads) {
    if (std::string(load.name).find(wanted) != std::string::npos) assay::run(load, largest);
  }
  return 0;
}
