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

}  // namespace

bool StreamedCheck::fits(std::uint64_t events) const {
  return events * bytes_per_event <= options_.check.memory_bytes / 2;
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
  if (!following_ || !last_index_) return "";
  return fmt::format("; the first {} operations, up to event {}, are linearizable", operations_,
                     *last_index_);
}

CheckResult StreamedCheck::unknown(const std::string& because) const {
  CheckResult result;
  result.verdict = Verdict::unknown;
  result.model = options_.check.models.empty() ? "linearizable" : options_.check.models.front();
  result.unknown_because = because;
  result.models = {{result.model, result.verdict, because}};
  result.datatype = following_ ? "register" : info().datatype;
  return result;
}

Result<StreamedResult> StreamedCheck::finish() {
  auto result = [&]() -> Result<StreamedResult> {
    try {
      settle_held();
      return conclude();
    } catch (const std::bad_alloc&) {
      return summary(unknown("the checker ran out of memory" + established()));
    }
  }();
  if (!result) return result;
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - created_;
  result.value().result.statistics.elapsed_s = elapsed.count();
  return result;
}

Result<StreamedResult> StreamedCheck::conclude() {
  if (following_ && ended_because_.empty() && !(violated() && options_.stop_at_violation)) {
    for (auto& [id, key] : keys_) {
      if (!key->decided()) note_answer(*key, key->stream.finish(), *last_index_);
    }
  }
  if (violated()) return show_violations();
  if (!ended_because_.empty()) return summary(unknown(ended_because_ + established()));
  if (fits(spill_->events())) return check_whole();
  return following_ ? conclude_followed() : check_shares();
}

/// With a history of no events if there is none to show.
Result<StreamedResult> StreamedCheck::summary(CheckResult result) {
  auto history = HistoryBuilder(loading_info()).finish();
  if (!history) return history.error();
  return StreamedResult{std::move(result), std::move(history).value(), false,
                        operations_,       keyed_ ? keys_.size() : 1,  process_count_};
}

Result<StreamedResult> StreamedCheck::check_whole() {
  auto history = spill_->load_all(loading_info());
  if (!history) return history.error();
  auto result = check(*history, options_.check);
  if (!result) return result.error();
  const auto keys = history->key_count();
  return StreamedResult{std::move(result).value(),
                        std::move(history).value(),
                        true,
                        operations_,
                        keys,
                        process_count_};
}

Result<StreamedResult> StreamedCheck::conclude_followed() {
  CheckResult result;
  result.verdict = Verdict::pass;
  result.model = "linearizable";
  result.datatype = "register";
  bool searched = false;
  for (const auto& [id, key] : keys_) {
    searched = searched || key->stream.searched();
    result.statistics.configurations += key->stream.steps();
  }
  result.statistics.algorithm = searched ? "followed: zones+frontier" : "followed: zones";
  if (auto status = decide_later(result); !status) return status.error();
  result.models = {{result.model, result.verdict, result.unknown_because}};
  return summary(std::move(result));
}

/// The keys on which following gave up are checked by themselves, if they fit the memory.
Status StreamedCheck::decide_later(CheckResult& result) {
  std::size_t undecided = 0;
  for (auto& [id, key] : keys_) {
    if (key->unknown_because.empty()) {
      ++result.statistics.keys_checked;
      continue;
    }
    std::string because = key->unknown_because;
    if (fits(2 * key->operations) && !limits_.time_is_up()) {
      auto history = spill_->load_keys({id}, loading_info());
      if (!history) return history.error();
      CheckOptions options = options_.check;
      options.certificate = false;
      auto part = check(*history, options);
      if (!part) return part.error();
      because = part->unknown_because;
      if (part->verdict == Verdict::violation) {
        result.verdict = Verdict::violation;
        std::move(part->anomalies.begin(), part->anomalies.end(),
                  std::back_inserter(result.anomalies));
      }
      if (part->verdict != Verdict::unknown) {
        ++result.statistics.keys_checked;
        continue;
      }
    }
    if (undecided++ == 0) {
      result.unknown_because =
          key->name ? fmt::format("key {}: {}", to_text(*key->name), because) : because;
    }
  }
  result.verdict = std::max(result.verdict, undecided == 0 ? Verdict::pass : Verdict::unknown);
  if (result.verdict != Verdict::unknown) result.unknown_because.clear();
  if (result.verdict == Verdict::unknown && keys_.size() > 1) {
    result.unknown_because += fmt::format("; {} of {} keys were decided, all linearizable",
                                          keys_.size() - undecided, keys_.size());
  }
  return {};
}

Result<StreamedResult> StreamedCheck::show_violations() {
  std::sort(violations_.begin(), violations_.end(),
            [](const Violation& a, const Violation& b) { return a.event < b.event; });
  const auto most = static_cast<std::size_t>(std::max(1, options_.check.max_anomalies));
  std::vector<StreamValue> shown;
  std::uint64_t events = 0;
  for (const Violation& violation : violations_) {
    if (shown.size() == most || !fits(events + 2 * violation.key->operations)) break;
    events += 2 * violation.key->operations;
    shown.push_back(violation.key->id);
  }
  const bool whole = fits(spill_->events());
  if (!shown.empty()) {
    auto history =
        whole ? spill_->load_all(loading_info()) : spill_->load_keys(shown, loading_info());
    if (!history) return history.error();
    CheckOptions options = options_.check;
    options.datatype = "register";
    auto result = check(*history, options);
    if (!result) return result.error();
    // The witness stands by itself; the digest would be of a part of the history.
    if (stopped_ || !whole) result->certificate.history_digest.clear();
    if (result->verdict == Verdict::violation) {
      const auto keys = keyed_ ? keys_.size() : 1;
      return StreamedResult{std::move(result).value(),
                            std::move(history).value(),
                            whole,
                            operations_,
                            keys,
                            process_count_};
    }
  }
  CheckResult result = unknown("");
  result.verdict = Verdict::violation;
  result.models.front() = {result.model, result.verdict, ""};
  for (std::size_t i = 0; i < std::min(most, violations_.size()); ++i) {
    Anomaly anomaly;
    anomaly.type = "nonlinearizable";
    anomaly.model = "linearizable";
    anomaly.key = violations_[i].key->name;
    anomaly.explanation = fmt::format(
        "no order explains the operations on this register up to event {}; they are too many for "
        "the memory to find the few that show it",
        violations_[i].event);
    result.anomalies.push_back(std::move(anomaly));
  }
  result.statistics.algorithm = "followed: zones";
  return summary(std::move(result));
}

/// What cannot be followed and does not fit: one share of the keys after the other.
Result<StreamedResult> StreamedCheck::check_shares() {
  const auto& models = options_.check.models;
  const bool by_key = keyed_ && !unkeyed_event_ &&
                      (models.empty() || models == std::vector<std::string>{"linearizable"});
  if (!by_key) {
    return summary(unknown(fmt::format(
        "the {} operations need more than the memory allows, and can only be checked as a whole",
        operations_)));
  }
  CheckResult merged;
  merged.verdict = Verdict::pass;
  std::uint64_t keys = 0;
  for (std::size_t share = 0; share < spill_->shares(); ++share) {
    if (spill_->events_in(share) == 0) continue;
    std::string because = limits_.time_is_up() ? "the time ran out" : "";
    if (!fits(spill_->events_in(share))) because = "some keys need more than the memory allows";
    if (!because.empty()) {
      merged.verdict = std::max(merged.verdict, Verdict::unknown);
      if (merged.unknown_because.empty()) merged.unknown_because = because;
      continue;
    }
    auto history = spill_->load_share(share, loading_info());
    if (!history) return history.error();
    if (history->size() == 0) continue;
    auto part = check(*history, options_.check);
    if (!part) return part.error();
    if (part->model != "linearizable") {
      return summary(unknown(fmt::format(
          "the {} operations of a {} need more than the memory allows, and can only be checked as "
          "a whole",
          operations_, part->datatype)));
    }
    keys += history->key_count();
    merged.verdict = std::max(merged.verdict, part->verdict);
    merged.model = part->model;
    merged.datatype = part->datatype;
    options_.check.datatype = part->datatype;
    merged.statistics.algorithm = part->statistics.algorithm;
    merged.statistics.threads = part->statistics.threads;
    merged.statistics.keys_checked += part->statistics.keys_checked;
    if (merged.unknown_because.empty()) merged.unknown_because = part->unknown_because;
    if (part->verdict != Verdict::violation) continue;
    std::move(part->anomalies.begin(), part->anomalies.end(), std::back_inserter(merged.anomalies));
    auto& witnesses = part->certificate.witnesses;
    std::move(merged.certificate.witnesses.begin(), merged.certificate.witnesses.end(),
              std::back_inserter(witnesses));
    merged.certificate = std::move(part->certificate);
    merged.certificate.history_digest.clear();
  }
  if (merged.model.empty()) merged.model = "linearizable";
  if (merged.verdict != Verdict::unknown) merged.unknown_because.clear();
  if (merged.verdict == Verdict::unknown) {
    merged.unknown_because +=
        fmt::format("; {} keys were decided, all linearizable", merged.statistics.keys_checked);
  }
  merged.models = {{merged.model, merged.verdict, merged.unknown_because}};
  auto result = summary(std::move(merged));
  if (result) result.value().keys = keys;
  return result;
}

}  // namespace assay
