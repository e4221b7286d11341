#include "reports/replication_lag.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <unordered_map>

#include "reports/escape.h"
#include "reports/plots.h"
#include "reports/words.h"

namespace assay {
namespace {

constexpr std::int64_t always = -1;  ///< the end of the write of an initial value
constexpr std::size_t name_limit = 64;

struct Functions {
  std::optional<FunctionId> read;
  std::optional<FunctionId> write;
  std::optional<FunctionId> cas;
};

/// What an operation writes, if it does.
std::optional<ValueId> written_by(const History& history, const Functions& functions,
                                  const Operation& operation) {
  if (operation.function == functions.write) return operation.argument;
  if (operation.function != functions.cas) return std::nullopt;
  const Value argument = history.value(operation.argument);
  const auto* pair = argument.get_if<Value::List>();
  if (pair == nullptr || pair->size() != 2) return std::nullopt;
  return history.find((*pair)[1]);
}

/// The writes of one object.
class Writes {
 public:
  void add(ValueId value, const Operation& operation) {
    const auto [at, first] = ends_.try_emplace(value, operation.completed.count());
    const bool certain = operation.outcome == Outcome::ok && operation.completed != unknown_time;
    if (!first || !certain) at->second = unknown;
    if (certain) overwriting_.push_back({operation.invoked.count(), operation.completed.count()});
  }
  void finish(ValueId initial) {
    ends_.try_emplace(initial, always);
    std::sort(overwriting_.begin(), overwriting_.end(),
              [](const Span& a, const Span& b) { return a.start < b.start; });
    // Then each tells the earliest end among itself and those that began later.
    for (std::size_t i = overwriting_.size(); i-- > 1;) {
      overwriting_[i - 1].end = std::min(overwriting_[i - 1].end, overwriting_[i].end);
    }
  }
  /// For how long this value had been overwritten at this moment; 0: it may have been fresh.
  std::int64_t lag(ValueId value, std::int64_t moment) const {
    const auto written = ends_.find(value);
    if (written == ends_.end() || written->second == unknown) return 0;
    const auto next =
        std::upper_bound(overwriting_.begin(), overwriting_.end(), written->second,
                         [](std::int64_t end, const Span& each) { return end < each.start; });
    return next == overwriting_.end() ? 0 : std::max<std::int64_t>(0, moment - next->end);
  }

 private:
  struct Span {
    std::int64_t start;
    std::int64_t end;
  };
  static constexpr std::int64_t unknown = std::numeric_limits<std::int64_t>::max();
  struct Hash {
    std::size_t operator()(ValueId id) const {
      return std::hash<std::uint64_t>()(static_cast<std::uint64_t>(id));
    }
  };
  std::unordered_map<ValueId, std::int64_t, Hash> ends_;  ///< of the one write of each value
  std::vector<Span> overwriting_;
};

void append_stale_reads(std::vector<StaleRead>& out, const History& history,
                        const Functions& functions, std::span<const OpIndex> operations) {
  Writes writes;
  for (const OpIndex index : operations) {
    const Operation operation = history[index];
    if (operation.outcome == Outcome::fail) continue;
    if (const auto value = written_by(history, functions, operation)) writes.add(*value, operation);
  }
  writes.finish(history.initial());
  for (const OpIndex index : operations) {
    const Operation operation = history[index];
    if (operation.function != functions.read || operation.outcome != Outcome::ok) continue;
    const std::int64_t lag = writes.lag(operation.result, operation.invoked.count());
    if (lag > 0) out.push_back({index, lag});
  }
}

}  // namespace

std::vector<StaleRead> stale_reads(const History& history) {
  std::vector<StaleRead> out;
  const Functions functions{history.function_named("read"), history.function_named("write"),
                            history.function_named("cas")};
  if (!has_times(history) || !functions.read || !functions.write) return out;
  for (std::size_t key = 0; key < history.key_count(); ++key) {
    append_stale_reads(out, history, functions, history.operations_on(static_cast<KeyId>(key)));
  }
  std::sort(out.begin(), out.end(),
            [](const StaleRead& a, const StaleRead& b) { return a.read < b.read; });
  return out;
}

std::vector<NodeLag> lag_over_time(const History& history) {
  std::map<std::string, NodeLag> by_node;
  const Bins bins = bins_of(history);
  for (const StaleRead& each : stale_reads(history)) {
    const std::string node(history.node(each.read));
    NodeLag& lag = by_node[node];
    lag.node = node;
    lag.most.resize(bins.count);
    std::int64_t& most = lag.most[bins.at(history[each.read].invoked.count())];
    most = std::max(most, each.lag_ns);
  }
  std::vector<NodeLag> out;
  for (auto& [node, lag] : by_node) out.push_back(std::move(lag));
  return out;
}

void append_lag(std::string& out, const History& history) {
  out += "\"lag\":[";
  bool first = true;
  for (const NodeLag& lag : lag_over_time(history)) {
    out += first ? "{\"node\":" : ",{\"node\":";
    first = false;
    append_json_string(out, clip(visible(lag.node), name_limit));
    out += ",\"most\":[";
    for (std::size_t i = 0; i < lag.most.size(); ++i) {
      fmt::format_to(std::back_inserter(out), "{}{:.6g}", i > 0 ? "," : "",
                     static_cast<double>(lag.most[i]) / 1e6);
    }
    out += "]}";
  }
  out += ']';
}

}  // namespace assay
