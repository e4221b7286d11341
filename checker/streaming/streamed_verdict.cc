// StreamedCheck's second half: from what was seen to a verdict.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

#include "checker/streaming/streamed_check.h"

namespace assay {
namespace {

/// What an event costs while its history is in memory and checked.
constexpr std::uint64_t bytes_per_event = 100;

bool only_linearizable(const std::vector<std::string>& models) {
  return models.empty() || models == std::vector<std::string>{"linearizable"};
}

/// What one part of the keys adds to the result of all. The worse verdict wins.
void merge_into(CheckResult& merged, CheckResult part) {
  merged.verdict = std::max(merged.verdict, part.verdict);
  merged.datatype = part.datatype;
  if (merged.statistics.algorithm.empty()) merged.statistics.algorithm = part.statistics.algorithm;
  merged.statistics.threads = part.statistics.threads;
  merged.statistics.keys_checked += part.statistics.keys_checked;
  merged.statistics.configurations += part.statistics.configurations;
  if (merged.unknown_because.empty()) merged.unknown_because = part.unknown_because;
  if (part.verdict != Verdict::violation) return;
  std::move(part.anomalies.begin(), part.anomalies.end(), std::back_inserter(merged.anomalies));
}

}  // namespace

bool StreamedCheck::fits(std::uint64_t events) const {
  return events <= options_.check.memory_bytes / 2 / bytes_per_event;
}

HistoryInfo StreamedCheck::loading_info() const {
  HistoryInfo result = info();
  if (result.real_time == RealTime::time && untimed_ != 0) {
    result.real_time = RealTime::position;
    if (untimed_ != client_events_) {
      result.notes.push_back(fmt::format(
          "{} of {} events have no time: the order of the events decides what came first", untimed_,
          client_events_));
    }
  }
  return result;
}

std::string StreamedCheck::established() const {
  if (violated()) return "; a violation was found before";
  if (way_ == Way::follow && settled_index_) {
    const auto undecided = std::count_if(keys_.begin(), keys_.end(), [](const auto& entry) {
      return !entry.second->unknown_because.empty();
    });
    const std::string but =
        undecided == 0 ? "" : fmt::format(" but for {} of {} keys", undecided, keys_.size());
    return fmt::format("; what returned up to event {} is linearizable{}", *settled_index_, but);
  }
  if (rechecked_index_) {
    return fmt::format("; there is no violation up to event {}", *rechecked_index_);
  }
  return "";
}

CheckResult StreamedCheck::unknown(const std::string& because) const {
  CheckResult result;
  result.verdict = Verdict::unknown;
  result.model = options_.check.models.empty() ? "linearizable" : options_.check.models.front();
  result.unknown_because = because;
  result.models = {{result.model, result.verdict, because}};
  result.datatype = datatype_;
  return result;
}

Result<StreamedResult> StreamedCheck::finish() {
  auto result = [&]() -> Result<StreamedResult> {
    try {
      // What was cut short may go on within the tick.
      if (!stopped_) settle_held();
      return conclude();
    } catch (const std::bad_alloc&) {
      return summary(unknown("the checker ran out of memory" + established()));
    }
  }();
  if (!result) return result;
  StreamedResult& found = result.value();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - created_;
  found.result.statistics.elapsed_s = elapsed.count();
  found.operations = operations_;
  found.processes = process_count_;
  if (found.keys == 0) found.keys = found.whole ? found.history.key_count() : 1;
  return result;
}

Result<StreamedResult> StreamedCheck::conclude() {
  if (rechecked_) {
    rechecked_->whole = true;
    return std::move(*rechecked_);
  }
  if (way_ == Way::follow && ended_because_.empty() && !(violated() && stopped_)) {
    if (last_index_ && !stopped_) settled_index_ = last_index_;
    for (auto& [id, key] : keys_) {
      if (!key->decided()) note_answer(*key, key->stream->finish(), *last_index_);
    }
  }
  if (violated()) return show_violations();
  if (!ended_because_.empty()) return summary(unknown(ended_because_ + established()));
  if (fits(kept_.events())) return check_whole();
  return way_ == Way::follow ? conclude_followed() : check_shares();
}

/// With a history of no events if there is none to show.
Result<StreamedResult> StreamedCheck::summary(CheckResult result) {
  auto history = HistoryBuilder(loading_info()).finish();
  if (!history) return history.error();
  return StreamedResult{
      std::move(result), std::move(history).value(), false, 0, keyed_ ? keys_.size() : 1, 0};
}

Result<StreamedResult> StreamedCheck::check_whole() {
  auto history = kept_.load({}, loading_info());
  if (!history) return history.error();
  auto result = check(*history, options_.check);
  if (!result) return result.error();
  return StreamedResult{std::move(result).value(), std::move(history).value(), true};
}

Result<StreamedResult> StreamedCheck::conclude_followed() {
  CheckResult result;
  result.verdict = Verdict::pass;
  result.model = "linearizable";
  result.datatype = datatype_;
  for (const auto& [id, key] : keys_) {
    const std::string_view algorithm = key->stream->algorithm();
    // The longest name says the most.
    if (algorithm.size() > result.statistics.algorithm.size()) {
      result.statistics.algorithm = algorithm;
    }
    result.statistics.configurations += key->stream->steps();
  }
  if (auto status = decide_later(result); !status) return status.error();
  result.models = {{result.model, result.verdict, result.unknown_because}};
  return summary(std::move(result));
}

/// The keys on which following gave up are checked by themselves, as many at once as fit.
Status StreamedCheck::decide_later(CheckResult& result) {
  std::size_t undecided = 0;
  const auto note = [&](const Key& key, const std::string& because) {
    if (undecided++ != 0) return;
    result.unknown_because = key.name ? to_text(*key.name) + ": " + because : because;
    if (key.name) result.unknown_because.insert(0, "key ");
  };
  std::vector<const Key*> later;
  const auto decide = [&]() -> Status {
    if (later.empty()) return {};
    KeptEvents::Part part;
    for (const Key* key : later) part.keys.push_back(key->id);
    auto history = kept_.load(part, loading_info());
    if (!history) return history.error();
    CheckOptions options = options_.check;
    options.certificate = false;
    options.datatype = datatype_;
    auto found = check(*history, options);
    if (!found) return found.error();
    if (found->verdict == Verdict::unknown) {
      for (const Key* key : later) note(*key, found->unknown_because);
    } else {
      merge_into(result, std::move(found).value());
    }
    later.clear();
    return {};
  };
  std::uint64_t events = 0;
  for (const auto& [id, key] : keys_) {
    if (key->unknown_because.empty()) {
      ++result.statistics.keys_checked;
      continue;
    }
    const std::uint64_t more = 2 * key->operations;
    if (!fits(more) || limits_.time_is_up() || !not_kept_.empty()) {
      note(*key, key->unknown_because);
      continue;
    }
    if (!fits(events + more)) {
      if (auto status = decide(); !status) return status;
      events = 0;
    }
    events += more;
    later.push_back(key.get());
  }
  if (auto status = decide(); !status) return status;
  if (undecided != 0) result.verdict = std::max(result.verdict, Verdict::unknown);
  if (result.verdict != Verdict::unknown) result.unknown_because.clear();
  if (result.verdict == Verdict::unknown && keys_.size() > 1) {
    result.unknown_because += fmt::format("; {} of {} keys were decided, all linearizable",
                                          keys_.size() - undecided, keys_.size());
  }
  return {};
}

Result<StreamedResult> StreamedCheck::show_violations() {
  std::sort(violations_.begin(), violations_.end(),
            [](const Violation& a, const Violation& b) { return a.token < b.token; });
  const auto most = static_cast<std::size_t>(std::max(1, options_.check.max_anomalies));
  KeptEvents::Part part;
  std::vector<Value> names;
  std::uint64_t events = 0;
  for (const Violation& violation : violations_) {
    const std::uint64_t more = 2 * violation.key->operations;
    if (part.keys.size() == most || !fits(events + more) || !not_kept_.empty()) break;
    events += more;
    part.keys.push_back(violation.key->id);
    if (violation.key->name) names.push_back(*violation.key->name);
  }
  if (part.keys.empty()) return summary(unshown_violations());
  const bool whole = fits(kept_.events());
  if (whole) part.keys.clear();
  if (stopped_) part.until = settled_index_;
  auto history = kept_.load(part, loading_info());
  if (!history) return history.error();
  CheckOptions options = options_.check;
  options.datatype = datatype_;
  auto result = check(*history, options);
  if (!result) return result.error();
  if (result->verdict == Verdict::pass) {
    return summary(unknown(
        "following the history found a violation and checking what it had seen found none: a bug "
        "of assay, please report it with the history"));
  }
  if (result->verdict == Verdict::unknown) return summary(unshown_violations());
  if (!result->certificate.empty() && (!whole || stopped_)) {
    result->certificate.part = HistoryPart{part.until, whole ? std::vector<Value>() : names};
  }
  const auto keys = keyed_ ? keys_.size() : 1;
  return StreamedResult{std::move(result).value(), std::move(history).value(), whole, 0, keys, 0};
}

/// They are certain, but the few operations that show them were not found within the limits.
CheckResult StreamedCheck::unshown_violations() const {
  CheckResult result = unknown("");
  result.verdict = Verdict::violation;
  result.models.front() = {result.model, result.verdict, ""};
  const auto most = static_cast<std::size_t>(std::max(1, options_.check.max_anomalies));
  for (std::size_t i = 0; i < std::min(most, violations_.size()); ++i) {
    Anomaly anomaly;
    anomaly.type = "nonlinearizable";
    anomaly.model = "linearizable";
    anomaly.key = violations_[i].key->name;
    anomaly.witness = {violations_[i].token};
    anomaly.explanation = fmt::format(
        "No order explains what had returned when the operation of event {} did. The operations "
        "before it {}, so the few that show it were not looked for",
        violations_[i].token,
        not_kept_.empty() ? "are too many for the limits" : "are lost (" + not_kept_ + ")");
    result.anomalies.push_back(std::move(anomaly));
  }
  result.statistics.algorithm = violations_.front().key->stream->algorithm();
  return result;
}

/// What cannot be followed and does not fit: one share of the keys after the other.
Result<StreamedResult> StreamedCheck::check_shares() {
  const auto as_a_whole = [&] {
    return summary(unknown(fmt::format(
        "the {} operations need more than the memory allows, and can only be checked as a whole",
        operations_)));
  };
  if (!keyed_ || unkeyed_event_ || !only_linearizable(options_.check.models)) return as_a_whole();
  if (auto status = kept_.divide(); !status) return status.error();
  CheckResult merged;
  merged.verdict = Verdict::pass;
  merged.model = "linearizable";
  std::uint64_t keys = 0;
  for (std::size_t share = 0; share < kept_.shares(); ++share) {
    if (kept_.events_in(share) == 0) continue;
    CheckResult result;
    if (limits_.time_is_up()) {
      result = unknown("the time ran out");
    } else if (!fits(kept_.events_in(share))) {
      result = unknown("some keys need more than the memory allows");
    } else {
      auto history = kept_.load_share(share, loading_info());
      if (!history) return history.error();
      if (history->size() == 0) continue;
      auto found = check(*history, options_.check);
      if (!found) return found.error();
      if (found->model != "linearizable") return as_a_whole();
      keys += history->key_count();
      result = std::move(found).value();
      options_.check.datatype = result.datatype;
    }
    merge_into(merged, std::move(result));
  }
  if (merged.verdict == Verdict::violation) {
    options_.check.datatype = merged.datatype;
    return show_shares(std::move(merged), keys);
  }
  if (merged.verdict == Verdict::unknown) {
    merged.unknown_because +=
        fmt::format("; {} keys were decided, all linearizable", merged.statistics.keys_checked);
  }
  merged.models = {{merged.model, merged.verdict, merged.unknown_because}};
  auto result = summary(std::move(merged));
  if (result) result.value().keys = keys;
  return result;
}

/// The violated keys once more, together, so that the certificate is about them alone.
Result<StreamedResult> StreamedCheck::show_shares(CheckResult merged, std::uint64_t keys) {
  KeptEvents::Part part;
  std::vector<Value> names;
  const auto most = static_cast<std::size_t>(std::max(1, options_.check.max_anomalies));
  for (const Anomaly& anomaly : merged.anomalies) {
    if (!anomaly.key || names.size() == most) continue;
    names.push_back(*anomaly.key);
    part.keys.push_back(stream_value(*anomaly.key));
  }
  auto history = kept_.load(part, loading_info());
  if (!history) return history.error();
  // They may be too many for the memory together; what was found stays found.
  if (fits(2 * history->size())) {
    auto result = check(*history, options_.check);
    if (result && result->verdict == Verdict::violation) {
      const CheckStatistics statistics = merged.statistics;
      merged = std::move(result).value();
      merged.statistics = statistics;
      if (!merged.certificate.empty()) merged.certificate.part = HistoryPart{std::nullopt, names};
    }
  }
  merged.unknown_because.clear();
  merged.models = {{merged.model, merged.verdict, ""}};
  return StreamedResult{std::move(merged), std::move(history).value(), false, 0, keys, 0};
}

}  // namespace assay
