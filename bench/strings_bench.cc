// Checking strings (get, put, append): operations a second of CPU time and peak memory, as the
// history grows tenfold and as the ways to make it hard are switched on. --help says how to ask for
// one load.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "bench/clients.h"
#include "bench/usage.h"
#include "checker/certificate/verify.h"
#include "checker/checker.h"

namespace assay {
namespace {

enum class Planted : std::uint8_t { nothing, lost_append, stale_get, reordered };

struct Load {
  const char* name;
  std::size_t clients = 50;
  std::int64_t keys = 10;
  std::int64_t tokens = 0;  ///< 0: every put and append has its own, else so many in all
  double puts = 0.05;
  double gets = 0.45;
  double pending = 0;  ///< share of changes that never return; half of them take effect
  Planted planted = Planted::nothing;
  std::size_t largest = 100'000'000;  ///< not with more operations than these
};

struct Settings {
  std::uint64_t seed = 7;
  double timeout_s = 60;
};

/// A correct string per key, but for one planted error near the end.
class Strings {
 public:
  struct Client : bench::ClientState {
    std::size_t key = 0;
    std::string f;
    std::string text;
  };

  Strings(const Load& load, std::uint64_t seed)
      : load_(load),
        random_(seed),
        texts_(static_cast<std::size_t>(load.keys)),
        last_tokens_(texts_.size(), 0) {}

  History make(std::size_t operations) {
    HistoryInfo info;
    info.datatype = "kv-string";
    info.real_time = RealTime::position;
    return bench::Clients<Strings>(*this, random_, operations, load_.pending)
        .run(load_.clients, std::move(info));
  }

  void start(Client& o) {
    o.key = static_cast<std::size_t>(random_.between(0, load_.keys - 1));
    const double kind = random_.unit();
    o.f = kind < load_.gets ? "get" : kind < load_.gets + load_.puts ? "put" : "append";
    o.text.clear();
    if (o.f == "get") return;
    const std::int64_t token = load_.tokens == 0 ? ++tokens_ : random_.between(1, load_.tokens);
    o.text = fmt::format("x {} y", token);
  }

  static bool can_be_lost(const Client& o) { return o.f != "get"; }

  void take_effect(Client& o, bool near_end) {
    std::string& text = texts_[o.key];
    const bool plant = !planted_ && near_end;
    if (o.f == "put") {
      text = o.text;
    } else if (o.f == "append") {
      if (plant && load_.planted == Planted::lost_append) {
        planted_ = true;
        return;
      }
      last_tokens_[o.key] = o.text.size();
      text += o.text;
    } else {
      o.text = text;
      const std::size_t last = last_tokens_[o.key];
      if (!plant || text.size() < 2 * last || last == 0) return;
      if (load_.planted == Planted::stale_get) {
        o.text.resize(text.size() / 2 - text.size() / 2 % last);
        planted_ = true;
      }
      if (load_.planted == Planted::reordered) {
        o.text = text.substr(text.size() - last) + text.substr(0, text.size() - last);
        planted_ = true;
      }
    }
  }

  static Event event(const Client& o, EventType type) {
    Event event;
    event.f = o.f;
    event.key = Value(static_cast<std::int64_t>(o.key));
    if (o.f != "get" || type == EventType::ok) event.value = Value(o.text);
    return event;
  }

 private:
  const Load& load_;
  Random random_;
  std::vector<std::string> texts_;        ///< by key
  std::vector<std::size_t> last_tokens_;  ///< by key: length of the last token appended
  std::int64_t tokens_ = 0;
  bool planted_ = false;
};

std::string certificate_of(const History& history, const CheckResult& result) {
  if (result.verdict == Verdict::unknown) return {};
  if (result.certificate.empty()) return ", no certificate";
  return verify(history, result.certificate) ? ", verified" : ", certificate refused";
}

/// The seconds of CPU that the check took with one thread.
double measure(const Load& load, std::size_t operations, const Settings& settings, double before) {
  const History history = Strings(load, settings.seed).make(operations);
  CheckOptions options;
  options.threads = 1;
  options.certificate = false;
  options.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::duration<double>(settings.timeout_s));
  const bench::PeakMemory memory;
  const double cpu = bench::cpu_seconds();
  auto result = check(history, options);
  const double took = bench::cpu_seconds() - cpu;
  const double bytes = memory.bytes();
  if (!result) {
    fmt::print("{}\n", result.error().message);
    return took;
  }
  std::string certified;
  if (operations <= 100'000) {
    options.certificate = true;
    const auto again = check(history, options);
    certified = again ? certificate_of(history, *again) : again.error().message;
  }
  const std::size_t witness =
      result->anomalies.empty() ? 0 : result->anomalies.front().witness.size();
  fmt::print(
      "{:<38} {:>9} {:>9.4f} {:>8.3f} {:>8.1f} {:>7}  {} {}{}{}{}\n", load.name, operations, took,
      static_cast<double>(operations) / took / 1e6, bytes / static_cast<double>(operations),
      before > 0 ? fmt::format("x{:.1f}", took / before) : "", name_of(result->verdict),
      result->statistics.algorithm, witness == 0 ? "" : fmt::format(", witness of {}", witness),
      certified, result->unknown_because.empty() ? "" : ": " + result->unknown_because);
  std::fflush(stdout);
  return took;
}

std::vector<Load> table() {
  return {
      {.name = "unique, 10 keys"},
      {.name = "unique, 1000 keys", .keys = 1'000},
      {.name = "unique, one key", .keys = 1},
      {.name = "unique, 10 keys, no put", .puts = 0, .largest = 100'000},
      {.name = "unique, 10 keys, pending", .pending = 0.1},
      {.name = "unique, 10 keys, lost append", .planted = Planted::lost_append},
      {.name = "unique, 10 keys, stale get", .planted = Planted::stale_get},
      {.name = "unique, 10 keys, reordered", .planted = Planted::reordered},
      {.name = "100 tokens, 10 keys", .tokens = 100, .largest = 100'000},
      {.name = "100 tokens, 10 keys, no put", .tokens = 100, .puts = 0, .largest = 100'000},
      {.name = "100 tokens, 10 keys, lost append",
       .tokens = 100,
       .planted = Planted::lost_append,
       .largest = 100'000},
      {.name = "100 tokens, 10 keys, stale get",
       .tokens = 100,
       .planted = Planted::stale_get,
       .largest = 100'000},
      {.name = "100 tokens, one key", .keys = 1, .tokens = 100, .largest = 100'000},
      {.name = "100 tokens, one key, lost append",
       .keys = 1,
       .tokens = 100,
       .planted = Planted::lost_append,
       .largest = 100'000},
      {.name = "5 tokens, one key", .keys = 1, .tokens = 5, .largest = 100'000},
      {.name = "5 tokens, one key, lost append",
       .keys = 1,
       .tokens = 5,
       .planted = Planted::lost_append,
       .largest = 100'000},
      {.name = "5 tokens, one key, reordered",
       .keys = 1,
       .tokens = 5,
       .planted = Planted::reordered,
       .largest = 100'000},
      {.name = "5 tokens, one key, pending",
       .keys = 1,
       .tokens = 5,
       .pending = 0.1,
       .largest = 100'000},
      {.name = "100 tokens, few gets, one key",
       .keys = 1,
       .tokens = 100,
       .puts = 0.2,
       .gets = 0.1,
       .largest = 100'000},
      {.name = "100 tokens, few gets, pending, bad",
       .keys = 1,
       .tokens = 100,
       .puts = 0.2,
       .gets = 0.1,
       .pending = 0.1,
       .planted = Planted::stale_get,
       .largest = 100'000},
  };
}

int run(int argc, char** argv) {
  CLI::App app("Measures the check of strings.");
  std::size_t operations = 1'000'000;
  std::string only;
  std::string planted = "nothing";
  Settings settings;
  Load own{.name = "as asked"};
  app.add_option("--operations", operations, "the largest history, from 1000 on in tenfold steps")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--only", only, "of the table, the loads with this in their names");
  app.add_option("--seed", settings.seed, "of the generator")->capture_default_str();
  app.add_option("--timeout", settings.timeout_s, "seconds a check")->capture_default_str();
  const auto share = CLI::Range(0.0, 1.0);
  const std::vector<CLI::Option*> load{
      app.add_option("--keys", own.keys, "a load of its own: keys")->check(CLI::PositiveNumber),
      app.add_option("--clients", own.clients, "… clients")->check(CLI::PositiveNumber),
      app.add_option("--tokens", own.tokens, "… texts to write; 0: each its own")
          ->check(CLI::NonNegativeNumber),
      app.add_option("--puts", own.puts, "… share of puts")->check(share),
      app.add_option("--gets", own.gets, "… share of gets; the rest are appends")->check(share),
      app.add_option("--pending", own.pending, "… share of changes that never return")
          ->check(share),
      app.add_option("--planted", planted, "… an error near the end")
          ->check(CLI::IsMember({"nothing", "lost-append", "stale-get", "reordered"}))};
  CLI11_PARSE(app, argc, argv);
  if (planted == "lost-append") own.planted = Planted::lost_append;
  if (planted == "stale-get") own.planted = Planted::stale_get;
  if (planted == "reordered") own.planted = Planted::reordered;
  const bool one = std::any_of(load.begin(), load.end(), [](const auto* o) { return !o->empty(); });
  fmt::print("{:<38} {:>9} {:>9} {:>8} {:>8} {:>7}  verdict\n", "history", "ops", "cpu s", "Mops/s",
             "B/op", "growth");
  for (const Load& each : one ? std::vector<Load>{own} : table()) {
    if (std::string_view(each.name).find(only) == std::string_view::npos) continue;
    double before = 0;
    for (std::size_t n = 1'000; n <= std::min(operations, each.largest); n *= 10) {
      before = measure(each, n, settings, before);
      if (before > settings.timeout_s / 2) break;
    }
  }
  return 0;
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) { return assay::run(argc, argv); }
