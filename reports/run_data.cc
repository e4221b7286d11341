#include "reports/run_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <unordered_map>

#include "reports/block.h"
#include "reports/effects.h"
#include "reports/escape.h"
#include "reports/faults.h"
#include "reports/plots.h"
#include "reports/replication_lag.h"
#include "reports/words.h"

namespace assay {
namespace {

constexpr std::size_t value_text_limit = 160;
constexpr std::size_t log_text_limit = 400;
// Beyond this many operations times are told in microseconds and texts are shorter.
constexpr std::size_t whole_times_max = 200'000;
constexpr std::size_t small_text_limit = 48;
constexpr std::size_t neighbours_max = 1'000;
constexpr std::size_t told_operations_min = 1'000;

/// Which operations are drawn, ascending.
std::vector<OpIndex> choose(const History& history, const CheckResult& result, std::size_t limit) {
  std::vector<OpIndex> chosen;
  const std::size_t size = history.size();
  if (size <= limit) {
    for (std::size_t i = 0; i < size; ++i) chosen.push_back(static_cast<OpIndex>(i));
    return chosen;
  }
  std::vector<OpIndex> witnesses;
  for (const Anomaly& anomaly : result.anomalies) {
    const auto operations = witness_operations(history, anomaly);
    witnesses.insert(witnesses.end(), operations.begin(), operations.end());
  }
  std::vector<bool> taken(size, false);
  std::size_t count = 0;
  const auto take = [&](std::size_t index) {
    if (taken[index]) return;
    taken[index] = true;
    ++count;
  };
  for (const OpIndex index : witnesses) take(index);
  if (!witnesses.empty()) {
    const std::size_t radius =
        std::min(neighbours_max, limit / 4 / std::max<std::size_t>(1, 2 * witnesses.size()));
    for (const OpIndex index : witnesses) {
      const std::size_t first = index > radius ? index - radius : 0;
      for (std::size_t i = first; i <= std::min(size - 1, index + radius); ++i) take(i);
    }
  }
  const auto take_evenly = [&](bool acknowledged, std::size_t room) {
    const auto fits = [&](std::size_t i) {
      const Outcome outcome = history[static_cast<OpIndex>(i)].outcome;
      return !taken[i] && (outcome == Outcome::ok) == acknowledged;
    };
    std::size_t candidates = 0;
    for (std::size_t i = 0; i < size; ++i) candidates += fits(i) ? 1U : 0U;
    std::size_t accumulated = 0;
    for (std::size_t i = 0; i < size && candidates > 0; ++i) {
      if (!fits(i)) continue;
      accumulated += std::min(room, candidates);
      if (accumulated < candidates) continue;
      accumulated -= candidates;
      take(i);
    }
  };
  if (count < limit) take_evenly(false, (limit - count) / 2);
  if (count < limit) take_evenly(true, limit - count);
  for (std::size_t i = 0; i < size; ++i) {
    if (taken[i]) chosen.push_back(static_cast<OpIndex>(i));
  }
  return chosen;
}

/// Short texts for the page: whole values of a large register do not belong into every tooltip.
class ShortText {
 public:
  explicit ShortText(std::size_t operations)
      : limit_(operations <= whole_times_max ? value_text_limit : small_text_limit) {}
  std::string operator()(std::string_view text) const { return clip(visible(text), limit_); }

 private:
  std::size_t limit_;
};

std::string key_text(const History& history, KeyId key) {
  return history.keyed() && key != no_key ? to_text(history.key(key)) : std::string();
}

void add_logs(BlockWriter& block, const std::vector<LogLine>& logs, std::int64_t unit) {
  NumberColumn times;
  NumberColumn levels;
  TextColumn nodes;
  TextColumn texts;
  std::int64_t previous = 0;
  for (const LogLine& line : logs) {
    const std::int64_t tick = std::max<std::int64_t>(previous, line.at.count() / unit);
    times.add(static_cast<std::uint64_t>(tick - previous));
    previous = tick;
    levels.add(static_cast<std::uint64_t>(line.level));
    nodes.add(clip(visible(line.node), value_text_limit));
    texts.add(clip(visible(line.text), log_text_limit));
  }
  block.add("log-time", times);
  block.add("log-level", levels);
  block.add("log-node", nodes);
  block.add("log", texts);
}

/// `told`: the operations whose values are written, a part of `drawn`; both ascend.
std::string columns_of(const History& history, const std::vector<OpIndex>& drawn,
                       const std::vector<OpIndex>& told, const std::vector<LogLine>& logs) {
  const bool times = has_times(history);
  const std::int64_t unit = times && drawn.size() > whole_times_max ? 1'000 : 1;
  const ShortText short_text(drawn.size());
  NumberColumn events;
  NumberColumn starts;
  NumberColumn durations;
  NumberColumn process_ids;
  NumberColumn outcomes;
  TextColumn labels;
  TextColumn kinds;
  TextColumn keys;
  TextColumn nodes;
  TextColumn errors;
  std::unordered_map<std::int32_t, std::size_t> known_processes;
  std::string processes;
  std::uint64_t previous_event = 0;
  std::int64_t previous_start = 0;
  auto next_told = told.begin();
  for (const OpIndex index : drawn) {
    const bool tells = next_told != told.end() && *next_told == index;
    if (tells) ++next_told;
    const Operation operation = history[index];
    const bool returned = operation.complete_event != no_event;
    events.add(operation.invoke_event - previous_event);
    previous_event = operation.invoke_event;
    const std::int64_t begin =
        times ? operation.invoked.count() : static_cast<std::int64_t>(operation.invoke_event);
    const std::int64_t start = std::max(previous_start, begin / unit);
    starts.add(static_cast<std::uint64_t>(start - previous_start));
    previous_start = start;
    std::int64_t end = -1;
    if (returned && !times) end = static_cast<std::int64_t>(operation.complete_event);
    if (returned && times && operation.completed != unknown_time) end = operation.completed.count();
    // 0: never returned; else one more than the duration.
    durations.add(
        end < 0 ? 0
                : static_cast<std::uint64_t>(std::max<std::int64_t>(0, end / unit - start)) + 1);
    const auto process = static_cast<std::int32_t>(operation.process);
    const auto [at, added] = known_processes.try_emplace(process, known_processes.size());
    if (added) processes += fmt::format("{}{}", processes.empty() ? "" : ",", process);
    process_ids.add(at->second);
    outcomes.add(static_cast<std::uint64_t>(operation.outcome));
    const std::string kind = short_text(history.function_name(operation.function));
    labels.add(tells ? short_text(operation_label(history, operation)) : kind + " …");
    kinds.add(kind);
    keys.add(short_text(key_text(history, operation.key)));
    nodes.add(short_text(history.node(index)));
    errors.add(short_text(history.error(index)));
  }
  BlockWriter block;
  block.add("event", events);
  block.add("start", starts);
  block.add("duration", durations);
  block.add("process", process_ids);
  block.add("outcome", outcomes);
  block.add("label", labels);
  block.add("kind", kinds);
  block.add("key", keys);
  block.add("node", nodes);
  block.add("error", errors);
  add_logs(block, logs, unit);
  return block.finish(fmt::format("\"size\":{},\"logs\":{},\"unit\":{},\"processes\":[{}],",
                                  drawn.size(), logs.size(), unit, processes));
}

void append_faults(std::string& out, const History& history) {
  out += "\"faults\":[";
  const std::vector<FaultBand> bands = fault_bands(history);
  const std::vector<FaultEffect> effects = fault_effects(history, bands);
  for (std::size_t i = 0; i < bands.size(); ++i) {
    const FaultBand& band = bands[i];
    if (i > 0) out += ',';
    fmt::format_to(std::back_inserter(out),
                   "{{\"from\":{},\"to\":{},\"certain\":{},\"kind\":", band.from, band.to,
                   band.certain);
    append_json_string(out, clip(visible(band.kind), value_text_limit));
    out += ",\"what\":";
    append_json_string(out, clip(visible(band.what), value_text_limit));
    out += ",\"effect\":";
    append_json_string(out, band.instant ? std::string() : effect_text(effects[i]));
    out += '}';
  }
  out += ']';
}

void append_anomalies(std::string& out, const History& history, const CheckResult& result) {
  out += "\"anomalies\":[";
  for (std::size_t i = 0; i < result.anomalies.size(); ++i) {
    if (i > 0) out += ',';
    out += "{\"type\":";
    append_json_string(out, result.anomalies[i].type);
    out += ",\"witness\":[";
    const auto operations = witness_operations(history, result.anomalies[i]);
    for (std::size_t j = 0; j < operations.size(); ++j) {
      fmt::format_to(std::back_inserter(out), "{}{}", j > 0 ? "," : "",
                     history[operations[j]].invoke_event);
    }
    out += "]}";
  }
  out += ']';
}

/// So many of `count` that what grows with them from `less` to `more` bytes stays within `bytes`,
/// with a margin: not everything grows evenly.
std::size_t share_of(std::size_t count, std::size_t less, std::size_t more, std::size_t bytes) {
  const double part = static_cast<double>(bytes - less) / static_cast<double>(more - less);
  return static_cast<std::size_t>(static_cast<double>(count) * part * 0.95);
}

RunData data_within(const History& history, const CheckResult& result,
                    const std::vector<LogLine>& logs, std::size_t limit, std::size_t bytes) {
  RunData data;
  std::vector<OpIndex> drawn = choose(history, result, limit);
  const auto write = [&](const std::vector<OpIndex>& with_values) {
    std::vector<OpIndex> told;
    std::set_intersection(drawn.begin(), drawn.end(), with_values.begin(), with_values.end(),
                          std::back_inserter(told));
    data.columns = columns_of(history, drawn, told, logs);
    data.drawn = drawn.size();
    data.told = told.size();
    return data.columns.size();
  };
  const std::size_t whole = write(drawn);
  if (whole <= bytes) return data;
  // The few that a reader comes for keep their values in any case.
  const std::vector<OpIndex> few = choose(history, result, told_operations_min);
  const std::size_t bare = write(few);
  if (bare <= bytes) {
    std::size_t more = share_of(drawn.size(), bare, whole, bytes);
    for (; more > few.size(); more = more / 10 * 9) {
      if (write(choose(history, result, more)) <= bytes) return data;
    }
    write(few);
    return data;
  }
  while (data.columns.size() > bytes && drawn.size() > told_operations_min) {
    drawn = choose(history, result, share_of(drawn.size(), 0, data.columns.size(), bytes));
    write(few);
  }
  return data;
}

}  // namespace

RunData run_data(const History& history, const CheckResult& result,
                 const std::vector<LogLine>& logs, std::size_t limit, std::size_t bytes) {
  RunData data = data_within(history, result, logs, limit, bytes);
  data.meta = fmt::format(
      "{{\"schema\":\"assay.report/1\",\"verdict\":\"{}\",\"operations\":{},\"drawn\":{},"
      "\"axis\":\"{}\",\"end\":{},\"keyed\":{},\"model\":",
      name_of(result.verdict), history.size(), data.drawn, has_times(history) ? "time" : "position",
      axis_end(history), history.keyed());
  append_json_string(data.meta, result.model);
  data.meta += ',';
  append_faults(data.meta, history);
  data.meta += ',';
  append_anomalies(data.meta, history, result);
  data.meta += ',';
  append_plots(data.meta, history);
  data.meta += ',';
  append_clocks(data.meta, history);
  data.meta += ',';
  append_lag(data.meta, history);
  data.meta += '}';
  return data;
}

}  // namespace assay
