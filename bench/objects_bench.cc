// Checking queues, stacks, priority queues, locks, sets, counters and logs: operations a second of
// CPU time, how the time grows as the history grows tenfold, and the memory that the check needs
// beyond the history. Arguments: [largest number of operations, default 1000000] [datatype].

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "bench/arguments.h"
#include "bench/usage.h"
#include "checker/certificate/verify.h"
#include "checker/checker.h"

namespace assay {
namespace {

constexpr std::size_t processes = 10;

/// A correct object under ten clients, each effect at one instant inside its operation. With
/// `planted`, one result near the end is wrong.
class Generator {
 public:
  Generator(std::string_view datatype, std::size_t operations, bool planted)
      : datatype_(datatype), operations_(operations), planted_(!planted), random_(7) {}

  History make() {
    HistoryInfo info;
    info.datatype = std::string(datatype_);
    info.real_time = RealTime::position;
    if (datatype_ == "semaphore") info.initial = Value(4);
    HistoryBuilder builder(std::move(info));
    struct Open {
      int stage = 0;
      Event event;
    };
    std::vector<Open> open(processes);
    holds_.assign(processes, false);
    std::size_t started = 0;
    std::size_t busy = 0;
    while (started < operations_ || busy > 0) {
      const std::size_t p = random_.below(processes);
      Open& o = open[p];
      if (o.stage == 0) {
        if (started == operations_) continue;
        o.event = Event{};
        o.event.process = static_cast<ProcessId>(p);
        invoke(o.event, p);
        late_ = ++started > operations_ - operations_ / 100;
        ++busy;
        o.stage = 1;
        add(builder, o.event, EventType::invoke);
      } else if (o.stage == 1) {
        if (apply(o.event, p)) o.stage = 2;
        if (o.stage == 1 && started == operations_) {
          // A lock that nobody gives back any more.
          add(builder, o.event, EventType::fail);
          o.stage = 0;
          --busy;
        }
      } else {
        add(builder, o.event, EventType::ok);
        o.stage = 0;
        --busy;
      }
    }
    return std::move(builder.finish()).value();
  }

 private:
  bool is(std::string_view name) const { return datatype_ == name; }
  bool lock() const {
    return is("mutex") || is("semaphore") || is("owned-mutex") || is("fenced-lock");
  }

  void add(HistoryBuilder& builder, Event& event, EventType type) {
    event.index = index_++;
    event.type = type;
    if (!builder.add(event)) std::exit(70);
  }

  void invoke(Event& e, std::size_t p) {
    if (lock()) {
      e.f = holds_[p] ? "release" : "acquire";
    } else if (is("set")) {
      const double kind = random_.unit();
      e.f = kind < 0.3 ? "add" : kind < 0.5 ? "remove" : "contains";
      e.value = Value(e.f == "add" ? ++next_ : random_.between(0, next_));
    } else if (is("counter")) {
      e.f = random_.chance(0.5) ? "add" : "read";
      if (e.f == "add") e.value = Value(1);
    } else if (is("log")) {
      e.f = random_.chance(0.5) ? "send" : "poll";
      const auto size = static_cast<std::int64_t>(items_.size());
      e.value =
          Value(e.f == "send" ? ++next_ : std::max<std::int64_t>(0, size - random_.between(0, 3)));
    } else {
      e.f = random_.chance(0.5) ? "insert" : "pop";
      if (e.f == "insert") {
        ++next_;
        e.value = Value(is("priority-queue") ? (next_ * 7'919) % 15'485'863 : next_);
      }
    }
  }

  /// False: not now.
  bool apply(Event& e, std::size_t p) {
    const bool spoil = late_ && !planted_;
    if (lock()) {
      const std::int64_t most = is("semaphore") ? 4 : 1;
      if (e.f == "acquire" && held_ >= most && !spoil) return false;
      // One too many may only overlap a release that is under way; several do not.
      if (e.f == "acquire" && held_ >= most + 3) planted_ = true;
      held_ += e.f == "acquire" ? 1 : -1;
      holds_[p] = e.f == "acquire";
      if (is("fenced-lock") && e.f == "acquire") e.value = Value(++next_);
    } else if (is("set")) {
      const bool present = present_.contains(e.value);
      const bool wrong = spoil && e.f == "contains" && !present;
      if (wrong) planted_ = true;
      if (e.f == "add") present_.insert(e.value);
      if (e.f == "remove") present_.erase(e.value);
      e.value = Value(present == (e.f != "add") ? !wrong : wrong);
    } else if (is("counter")) {
      if (e.f == "add") ++held_;
      if (e.f == "read") e.value = Value(held_);
      if (e.f == "read" && spoil) {
        e.value = Value(held_ - 100);
        planted_ = true;
      }
    } else if (is("log")) {
      if (e.f == "send") {
        items_.push_back(*e.value.get_if<std::int64_t>());
        e.value = Value(static_cast<std::int64_t>(items_.size()) - 1);
        return true;
      }
      Value::List list;
      for (auto i = static_cast<std::size_t>(*e.value.get_if<std::int64_t>()); i < items_.size();
           ++i)
        list.emplace_back(items_[i]);
      if (spoil && !list.empty()) {
        list.front() = Value(std::int64_t{1});
        planted_ = true;
      }
      e.value = Value(std::move(list));
    } else if (e.f == "insert") {
      const std::int64_t value = *e.value.get_if<std::int64_t>();
      if (is("priority-queue")) {
        heap_.insert(value);
      } else {
        items_.push_back(value);
      }
    } else {
      take(e, spoil);
    }
    return true;
  }

  void take(Event& e, bool spoil) {
    e.value = Value();
    if (is("priority-queue")) {
      if (heap_.empty()) return;
      auto at = heap_.begin();
      if (spoil && heap_.size() > 50) {
        at = std::prev(heap_.end());
        planted_ = true;
      }
      e.value = Value(*at);
      heap_.erase(at);
      return;
    }
    if (items_.empty()) return;
    bool newest = is("stack");
    if (spoil && items_.size() > 50) {
      newest = !newest;
      planted_ = true;
    }
    e.value = Value(newest ? items_.back() : items_.front());
    newest ? items_.pop_back() : items_.pop_front();
  }

  std::string_view datatype_;
  std::size_t operations_;
  bool planted_;
  bool late_ = false;
  Random random_;
  std::deque<std::int64_t> items_;
  std::set<std::int64_t> heap_;
  std::set<Value> present_;
  std::vector<bool> holds_;
  std::int64_t held_ = 0;
  std::int64_t next_ = 0;
  std::uint64_t index_ = 0;
};

/// Returns the seconds that the check without a certificate took; `before`: with a tenth of the
/// operations, or 0.
double measure(std::string_view datatype, bool planted, std::size_t operations, double before) {
  const History history = Generator(datatype, operations, planted).make();
  double took[2] = {0, 0};  // NOLINT(modernize-avoid-c-arrays): without and with certificate
  CheckResult found;
  double bytes = 0;
  for (const bool certificate : {false, true}) {
    CheckOptions options;
    options.threads = 1;
    options.certificate = certificate;
    const bench::PeakMemory peak;
    const double begin = bench::cpu_seconds();
    auto result = check(history, options);
    took[certificate ? 1 : 0] = bench::cpu_seconds() - begin;
    if (!certificate) bytes = peak.bytes();
    if (!result) {
      fmt::print("{}: {}\n", datatype, result.error().message);
      return 0;
    }
    found = std::move(result).value();
  }
  const double begin = bench::cpu_seconds();
  const Status verified = verify(history, found.certificate);
  const double verifying = bench::cpu_seconds() - begin;
  const auto speed = [&](double seconds) {
    return static_cast<double>(operations) / seconds / 1e6;
  };
  const std::size_t witness = found.anomalies.empty() ? 0 : found.anomalies.front().witness.size();
  fmt::print("{:<15} {:<7} {:>9} {:>9.4f} {:>8.2f} {:>7} {:>11.2f} {:>9.3f} {:>9.0f}  {} {} {}{}\n",
             datatype, planted ? "planted" : "", operations, took[0], speed(took[0]),
             before > 0 ? fmt::format("{:.1f}", took[0] / before) : "", speed(took[1]), verifying,
             bytes / static_cast<double>(operations), name_of(found.verdict),
             found.statistics.algorithm, witness == 0 ? "" : fmt::format("witness {}", witness),
             verified ? "" : " NOT VERIFIED: " + verified.error().message);
  return took[0];
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  const auto [largest, wanted] = assay::bench::read_arguments(
      argc, argv, "Measures the check of queues, locks, sets and other objects.", 1'000'000);
  fmt::print("{:<15} {:<7} {:>9} {:>9} {:>8} {:>7} {:>11} {:>9} {:>9}\n", "datatype", "", "ops",
             "check s", "M ops/s", "growth", "certified/s", "verify s", "bytes/op");
  for (const std::string_view datatype :
       {"fifo-queue", "queue", "stack", "priority-queue", "mutex", "semaphore", "owned-mutex",
        "fenced-lock", "set", "counter", "log"}) {
    if (datatype.find(wanted) == std::string_view::npos) continue;
    for (const bool planted : {false, true}) {
      double before = 0;
      for (std::size_t n = largest / 10; n <= largest; n *= 10) {
        before = assay::measure(datatype, planted, n, before);
      }
    }
  }
  return 0;
}
