#include "checker/transactions/graph/explain.h"

#include <fmt/format.h>

#include <algorithm>

#include "checker/lattice.h"

namespace assay {
namespace {

std::string short_text(const Value& value) {
  std::string text = to_text(value);
  if (text.size() > 40) text = text.substr(0, 37) + "...";
  return text;
}

std::string joined(const std::vector<std::string_view>& names) {
  std::string result;
  for (const std::string_view name : names) {
    result += fmt::format("{}{}", result.empty() ? "" : ", ", name);
  }
  return result;
}

std::string_view weakest_refuted(std::string_view type) {
  const AnomalyInfo* info = find_anomaly(type);
  if (info == nullptr) return {};
  return info->refutes.substr(0, info->refutes.find(' '));
}

}  // namespace

std::span<const VersionRead> Explainer::reads_of(TxnIndex t) const {
  const auto [first, last] = std::equal_range(
      orders_.reads.begin(), orders_.reads.end(), VersionRead{t, 0, 0, 0},
      [](const VersionRead& a, const VersionRead& b) { return a.reader < b.reader; });
  return {first, last};
}

std::string Explainer::version_text(TxnKey key, std::size_t place) const {
  return fmt::format("{} of {}", short_text(txns_.value(orders_.value[place])),
                     short_text(txns_.key(key)));
}

std::string Explainer::element_text(std::string_view with, TxnKey key) const {
  const Value both = txns_.key(key);
  const auto& parts = *both.get_if<Value::List>();
  return fmt::format("{} {} {}", short_text(parts[0]), with, short_text(parts[1]));
}

std::optional<Explainer::Reason> Explainer::read_reason(TxnIndex before, TxnIndex after) const {
  for (const VersionRead& read : reads_of(after)) {
    const std::size_t begin = orders_.begin[read.key];
    if (read.position == 0) continue;
    std::size_t place = begin + read.position - 1;
    const auto skipped = [&](std::size_t at) {
      const TxnIndex t = orders_.writer[at];
      return t == no_txn || !orders_.committed[t];
    };
    while (read.position <= orders_.known[read.key] && place > begin && skipped(place)) --place;
    if (orders_.writer[place] != before) continue;
    return Reason{read.key,
                  txns_.sets() ? fmt::format("the latter read {}, which the former added",
                                             element_text("with", read.key))
                  : orders_.lists
                      ? fmt::format("the latter read {} with the former's append of {}",
                                    short_text(txns_.key(read.key)),
                                    short_text(txns_.value(orders_.value[place])))
                      : fmt::format("the latter read the value {}, which the former wrote",
                                    version_text(read.key, place)),
                  std::nullopt};
  }
  return std::nullopt;
}

std::optional<Explainer::Reason> Explainer::anti_reason(TxnIndex before, TxnIndex after) const {
  for (const VersionRead& read : reads_of(before)) {
    const TxnKey k = read.key;
    const std::size_t begin = orders_.begin[k];
    const bool known = orders_.lists || read.position <= orders_.known[k];
    std::optional<std::size_t> found;
    for (std::size_t p = begin + (known ? read.position : 0); p < orders_.begin[k + 1]; ++p) {
      if (orders_.writer[p] != after) continue;
      if (known || read.position == 0) found = p;
      for (const VersionStep& step : orders_.steps) {
        if (step.after == p && step.before == begin + read.position - 1) found = p;
      }
      if (found) break;
    }
    if (!found) continue;
    std::optional<TxnIndex> shown_by;
    std::string because;
    if (txns_.sets()) {
      because =
          fmt::format("the former read {}, which the latter added", element_text("without", k));
    } else if (orders_.lists) {
      because =
          fmt::format("the former read {} without the latter's append of {}",
                      short_text(txns_.key(k)), short_text(txns_.value(orders_.value[*found])));
    } else if (read.position == 0) {
      because =
          fmt::format("the former read {} as it was at first, before the latter wrote {}",
                      short_text(txns_.key(k)), short_text(txns_.value(orders_.value[*found])));
    } else {
      because = fmt::format(
          "the former read the value {}, which was replaced before or when the "
          "latter wrote {}",
          version_text(k, begin + read.position - 1),
          short_text(txns_.value(orders_.value[*found])));
    }
    return Reason{k, std::move(because), shown_by};
  }
  return std::nullopt;
}

std::optional<Explainer::Reason> Explainer::write_reason(TxnIndex before, TxnIndex after) const {
  for (const TxnOp& op : txns_.ops(before)) {
    if (!op.writes()) continue;
    const TxnKey k = op.key;
    const auto versions = orders_.versions(k);
    for (std::size_t i = 0; i < versions.size(); ++i) {
      if (versions[i] != before) continue;
      for (std::size_t j = i + 1; j < versions.size(); ++j) {
        if (versions[j] != after || i >= orders_.known[k]) continue;
        const std::string first = short_text(txns_.value(orders_.value[orders_.begin[k] + i]));
        const std::string second = short_text(txns_.value(orders_.value[orders_.begin[k] + j]));
        const std::string key = short_text(txns_.key(k));
        if (!orders_.lists) {
          return Reason{k,
                        fmt::format("the former's {} of {} was replaced, step by step, before the "
                                    "latter wrote {}",
                                    first, key, second),
                        std::nullopt};
        }
        const bool read = j < orders_.known[k];
        return Reason{k,
                      read ? fmt::format("{} was appended to {} before {}, as a read of event {} "
                                         "shows",
                                         first, key, second, txns_[orders_.shown_by[k]].event)
                           : fmt::format("the read of event {} shows the former's {} of {}, but "
                                         "not yet the latter's {}",
                                         txns_[orders_.shown_by[k]].event, first, key, second),
                      orders_.shown_by[k]};
      }
    }
    for (const VersionStep& step : orders_.steps) {
      if (step.key != k || step.before == initial_version) continue;
      if (orders_.writer[step.before] != before || orders_.writer[step.after] != after) continue;
      if (step.shown_by == supposed) {
        return Reason{
            k, fmt::format("this is supposed of their versions of {}", short_text(txns_.key(k))),
            std::nullopt, true};
      }
      if (step.shown_by != no_txn && orders_.lists) {
        return Reason{k,
                      fmt::format("the former read {} without the latter's append of {} and "
                                  "appended to it at once, if no update was lost",
                                  short_text(txns_.key(k)),
                                  short_text(txns_.value(orders_.value[step.after]))),
                      step.shown_by};
      }
      if (step.shown_by != no_txn) {
        return Reason{k,
                      fmt::format("the transaction of event {} saw the former, and yet {}, which "
                                  "the latter wrote",
                                  txns_[step.shown_by].event, version_text(k, step.after)),
                      step.shown_by};
      }
      return Reason{k,
                    fmt::format("the latter read the value {}, which the former wrote, and "
                                "replaced it",
                                version_text(k, step.before)),
                    std::nullopt};
    }
  }
  return std::nullopt;
}

Explainer::Reason Explainer::reason(TxnIndex before, TxnIndex after, Dependency kind) const {
  std::optional<Reason> found;
  switch (kind) {
    case Dependency::wr:
      found = read_reason(before, after);
      break;
    case Dependency::rw:
      found = anti_reason(before, after);
      break;
    case Dependency::ww:
      found = write_reason(before, after);
      break;
    case Dependency::process:
      return {std::nullopt, "the same process ran the former first", std::nullopt};
    case Dependency::realtime:
      return {std::nullopt, "the former was over before the latter began", std::nullopt};
    case Dependency::through:
      break;
  }
  return found.value_or(
      Reason{std::nullopt, fmt::format("of a {} dependency", name_of(kind)), std::nullopt});
}

Anomaly Explainer::anomaly(const Cycle& cycle) const {
  Anomaly anomaly;
  anomaly.type = type_of(cycle);
  anomaly.model = weakest_refuted(anomaly.type);
  const std::size_t n = cycle.transactions.size();
  // The step that closes the circle is told last: an anti-dependency, if there is one, since it
  // speaks of what did not happen.
  std::size_t first = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (cycle.kinds[i] == Dependency::rw) first = (i + 1) % n;
  }
  std::optional<TxnKey> key;
  bool one_key = true;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t at = (first + i) % n;
    const TxnIndex before = cycle.transactions[at];
    const TxnIndex after = cycle.transactions[(at + 1) % n];
    const Reason reason = this->reason(before, after, cycle.kinds[at]);
    if (reason.key) {
      one_key = one_key && (!key || *key == *reason.key);
      key = reason.key;
    }
    anomaly.steps.push_back({txns_[before].event, txns_[after].event,
                             std::string(name_of(cycle.kinds[at])), reason.because});
    anomaly.witness.push_back(txns_[before].event);
  }
  if (one_key && key) anomaly.key = txns_.key(*key);
  std::sort(anomaly.witness.begin(), anomaly.witness.end());
  anomaly.explanation = fmt::format(
      "each of {} transactions must come before the next, and the last before the first; {}", n,
      allowed_and_forbidden(anomaly.type));
  anomaly.minimal = true;
  return anomaly;
}

Anomaly Explainer::anomaly(const Anomaly& first, const Anomaly& second,
                           std::string_view model) const {
  Anomaly both = first;
  both.type = "no-order";
  both.model = model;
  both.key.reset();
  both.steps.insert(both.steps.end(), second.steps.begin(), second.steps.end());
  both.witness.insert(both.witness.end(), second.witness.begin(), second.witness.end());
  std::sort(both.witness.begin(), both.witness.end());
  both.witness.erase(std::unique(both.witness.begin(), both.witness.end()), both.witness.end());
  both.explanation = fmt::format(
      "of two versions either may be the first; supposing one of them is, there is a {}, supposing "
      "the other, a {}",
      first.type, second.type);
  both.minimal = false;
  return both;
}

Anomaly Explainer::anomaly(const GraphFinding& finding) const {
  Anomaly anomaly;
  anomaly.type = finding.type;
  anomaly.model = weakest_refuted(anomaly.type);
  anomaly.key = txns_.key(finding.key);
  for (const TxnIndex t : finding.transactions) {
    if (t != no_txn) anomaly.witness.push_back(txns_[t].event);
  }
  std::sort(anomaly.witness.begin(), anomaly.witness.end());
  anomaly.witness.erase(std::unique(anomaly.witness.begin(), anomaly.witness.end()),
                        anomaly.witness.end());
  std::string values;
  for (const TxnValue value : finding.values) {
    if (value >= txns_.value_count()) continue;
    values += fmt::format("{}{}", values.empty() ? "" : ", ", short_text(txns_.value(value)));
  }
  anomaly.explanation =
      fmt::format("{}{}; {}", finding.because, values.empty() ? "" : fmt::format(" ({})", values),
                  allowed_and_forbidden(anomaly.type));
  anomaly.minimal = true;
  return anomaly;
}

TransactionProof Explainer::proof(const Cycle& cycle) const {
  TransactionProof proof;
  proof.type = type_of(cycle);
  const std::size_t n = cycle.transactions.size();
  for (std::size_t i = 0; i < n; ++i) {
    const TxnIndex before = cycle.transactions[i];
    const TxnIndex after = cycle.transactions[(i + 1) % n];
    const Reason reason = this->reason(before, after, cycle.kinds[i]);
    TransactionProof::Step step;
    step.before = txns_[before].event;
    step.after = txns_[after].event;
    step.rule = reason.is_supposed ? "either" : name_of(cycle.kinds[i]);
    if (reason.key) step.key = txns_.key(*reason.key);
    if (reason.shown_by) step.shown_by = txns_[*reason.shown_by].event;
    proof.steps.push_back(std::move(step));
    proof.transactions.push_back(txns_[before].event);
  }
  return proof;
}

TransactionProof Explainer::proof(const GraphFinding& finding) const {
  TransactionProof proof;
  proof.type = finding.type;
  proof.key = txns_.key(finding.key);
  for (const TxnIndex t : finding.transactions) proof.transactions.push_back(txns_[t].event);
  // What a transaction's own operations exclude, they show.
  if (proof.type == "internal") return proof;
  for (const TxnValue value : finding.values) {
    if (value < txns_.value_count()) proof.values.push_back(txns_.value(value));
  }
  return proof;
}

std::string allowed_and_forbidden(std::string_view type) {
  const std::vector<std::string_view> refuted = refuted_by(type);
  if (refuted.empty()) return {};
  const auto is_refuted = [&](std::string_view model) {
    return std::find(refuted.begin(), refuted.end(), model) != refuted.end();
  };
  std::vector<std::string_view> allowed;
  std::vector<std::string_view> forbidden;
  for (const ModelInfo& model : model_lattice()) {
    if (model.family != ModelFamily::transaction) continue;
    bool extreme = true;
    for (const ModelInfo& other : model_lattice()) {
      if (other.family != ModelFamily::transaction || other.name == model.name ||
          is_refuted(other.name) != is_refuted(model.name)) {
        continue;
      }
      // Of the allowed the strongest, of the forbidden the weakest.
      extreme = extreme && !(is_refuted(model.name) ? implies(model.name, other.name)
                                                    : implies(other.name, model.name));
    }
    if (extreme) (is_refuted(model.name) ? forbidden : allowed).push_back(model.name);
  }
  if (allowed.empty()) return fmt::format("forbidden by {}", joined(forbidden));
  return fmt::format("allowed by {}, forbidden by {}", joined(allowed), joined(forbidden));
}

}  // namespace assay
