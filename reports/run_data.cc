#include "reports/run_data.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <unordered_map>

#include "base/assert.h"
#include "reports/escape.h"
#include "reports/faults.h"
#include "reports/plots.h"
#include "reports/words.h"

namespace assay {
namespace {

constexpr std::size_t text_limit = 160;
constexpr std::size_t neighbours_max = 1'000;

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

/// Texts by number, each stored once.
class Dictionary {
 public:
  std::size_t id(std::string_view text) {
    const auto [at, added] = ids_.try_emplace(std::string(text), texts_.size());
    if (added) texts_.push_back(at->first);
    return at->second;
  }
  void append_to(std::string& out, std::string_view name) const {
    fmt::format_to(std::back_inserter(out), "\"{}\":[", name);
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      if (i > 0) out += ',';
      append_json_string(out, texts_[i]);
    }
    out += ']';
  }

 private:
  std::unordered_map<std::string, std::size_t> ids_;
  std::vector<std::string> texts_;
};

class Column {
 public:
  explicit Column(std::string_view name) : text_(fmt::format("\"{}\":[", name)) {}
  void add(std::int64_t number) {
    if (!first_) text_ += ',';
    first_ = false;
    fmt::format_to(std::back_inserter(text_), "{}", number);
  }
  std::string finish() && { return std::move(text_) + "]"; }

 private:
  std::string text_;
  bool first_ = true;
};

/// Short texts for the page: whole values of a large register do not belong into every tooltip.
std::string short_text(std::string_view text) { return clip(visible(text), text_limit); }

std::string key_text(const History& history, KeyId key) {
  return history.keyed() && key != no_key ? to_text(history.key(key)) : std::string();
}

std::string columns_json(const History& history, const std::vector<OpIndex>& drawn) {
  const bool times = has_times(history);
  Dictionary labels;
  Dictionary keys;
  Dictionary nodes;
  Dictionary errors;
  Column events("event");
  Column completes("complete");
  Column starts("start");
  Column durations("duration");
  Column processes("process");
  Column outcomes("outcome");
  Column label_ids("label");
  Column key_ids("key");
  Column node_ids("node");
  Column error_ids("error");
  std::uint64_t previous_event = 0;
  std::int64_t previous_start = 0;
  for (const OpIndex index : drawn) {
    const Operation operation = history[index];
    const bool returned = operation.complete_event != no_event;
    events.add(static_cast<std::int64_t>(operation.invoke_event - previous_event));
    previous_event = operation.invoke_event;
    completes.add(returned
                      ? static_cast<std::int64_t>(operation.complete_event - operation.invoke_event)
                      : -1);
    const std::int64_t start =
        times ? operation.invoked.count() : static_cast<std::int64_t>(operation.invoke_event);
    starts.add(start - previous_start);
    previous_start = start;
    std::int64_t end = -1;
    if (returned && !times) end = static_cast<std::int64_t>(operation.complete_event);
    if (returned && times && operation.completed != unknown_time) end = operation.completed.count();
    durations.add(end < 0 ? -1 : std::max<std::int64_t>(0, end - start));
    processes.add(static_cast<std::int32_t>(operation.process));
    outcomes.add(static_cast<std::int64_t>(operation.outcome));
    const auto add_text = [](Column& column, Dictionary& texts, std::string_view text) {
      column.add(static_cast<std::int64_t>(texts.id(short_text(text))));
    };
    add_text(label_ids, labels, operation_label(history, operation));
    add_text(key_ids, keys, key_text(history, operation.key));
    add_text(node_ids, nodes, history.node(index));
    add_text(error_ids, errors, history.error(index));
  }
  std::string out = "{";
  for (Column* column : {&events, &completes, &starts, &durations, &processes, &outcomes,
                         &label_ids, &key_ids, &node_ids, &error_ids}) {
    out += std::move(*column).finish() + ",";
  }
  labels.append_to(out, "labels");
  out += ',';
  keys.append_to(out, "keys");
  out += ',';
  nodes.append_to(out, "nodes");
  out += ',';
  errors.append_to(out, "errors");
  return out + "}";
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  constexpr int gzip_window = 15 + 16;
  const int made = deflateInit2(&stream, 6, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY);
  ASSAY_ASSERT(made == Z_OK);
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  // zlib reads through a pointer to non-const but does not write.
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));  // NOLINT
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());  // NOLINT
  stream.avail_out = static_cast<uInt>(out.size());
  const int done = deflate(&stream, Z_FINISH);
  ASSAY_ASSERT(done == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

void append_faults(std::string& out, const History& history) {
  out += "\"faults\":[";
  bool first = true;
  for (const FaultBand& band : fault_bands(history)) {
    if (!first) out += ',';
    first = false;
    fmt::format_to(std::back_inserter(out),
                   "{{\"from\":{},\"to\":{},\"certain\":{},\"kind\":", band.from, band.to,
                   band.certain);
    append_json_string(out, clip(visible(band.kind), text_limit));
    out += ",\"what\":";
    append_json_string(out, clip(visible(band.what), text_limit));
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

}  // namespace

RunData run_data(const History& history, const CheckResult& result, std::size_t limit) {
  const std::vector<OpIndex> drawn = choose(history, result, limit);
  RunData data;
  data.drawn = drawn.size();
  data.columns = base64(gzip(columns_json(history, drawn)));
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
  data.meta += '}';
  return data;
}

}  // namespace assay
