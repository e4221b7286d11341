#include "checker/checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <iterator>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/suggestion.h"
#include "checker/bank/check.h"
#include "checker/causal/check.h"
#include "checker/conclusions.h"
#include "checker/datatypes.h"
#include "checker/lattice.h"
#include "checker/linearizability/keyed_check.h"
#include "checker/logs/check.h"
#include "checker/logs/log_operations.h"
#include "checker/logs/watch.h"
#include "checker/transactions/check.h"
#include "checker/transactions/predicates/check.h"
#include "checker/visibility/check.h"

namespace assay {
namespace {

template <class Table>
std::vector<NamedEntry> entries_of(const Table& table) {
  std::vector<NamedEntry> result;
  for (const auto& row : table) result.push_back({row.name, row.summary});
  return result;
}

std::string names_of_models() {
  std::string result;
  for (const ModelInfo& model : model_lattice()) {
    result += fmt::format("{}{}", result.empty() ? "" : ", ", model.name);
  }
  return result;
}

/// Can anything be said about this model for operations of this kind?
bool applies(const ModelInfo& model, const DatatypeInfo& datatype) {
  if (datatype.kind == DatatypeKind::transactions) return model.family == ModelFamily::transaction;
  if (datatype.name == "watch" || model.name == "watch") return datatype.name == model.name;
  if (model.family == ModelFamily::log) return datatype.kind == DatatypeKind::log;
  if (model.family == ModelFamily::object) return true;
  if (model.family == ModelFamily::visibility) return datatype.name == "set";
  return model.family == ModelFamily::session && datatype.name == "register";
}

/// The models to check, spelled out.
Result<std::vector<std::string>> models_to_check(const History& history,
                                                 const CheckOptions& options,
                                                 const DatatypeInfo& datatype) {
  if (options.models.empty()) {
    const bool many_logs = datatype.kind == DatatypeKind::log && has_log_micro_operations(history);
    return std::vector<std::string>{many_logs ? "ordered-log" : std::string(datatype.model)};
  }
  std::vector<std::string> result;
  for (const std::string& name : options.models) {
    if (name == "strongest") {
      for (const ModelInfo& model : model_lattice()) {
        if (applies(model, datatype)) result.emplace_back(model.name);
      }
      continue;
    }
    const ModelInfo* model = find_model(name);
    if (model == nullptr) {
      std::vector<std::string_view> known;
      for (const ModelInfo& each : model_lattice()) known.push_back(each.name);
      return Error{ErrorKind::usage,
                   fmt::format("model '{}' is not supported{}; supported: {}", name,
                               did_you_mean(name, known), names_of_models())};
    }
    if (!applies(*model, datatype)) {
      return Error{ErrorKind::usage, fmt::format("model '{}' says nothing about a {}; its models "
                                                 "are of another family, try --model {}",
                                                 name, datatype.name, datatype.model)};
    }
    result.push_back(name);
  }
  return result;
}

/// In a keyed history every operation must have a key, or nobody would check it.
Status check_keys(const History& history) {
  std::size_t keyed = 0;
  for (KeyId key = 0; key < history.key_count(); ++key) keyed += history.operations_on(key).size();
  if (keyed == history.size()) return {};
  std::vector<bool> has_key(history.size(), false);
  for (KeyId key = 0; key < history.key_count(); ++key) {
    for (const OpIndex index : history.operations_on(key)) has_key[index] = true;
  }
  const auto missing = std::find(has_key.begin(), has_key.end(), false) - has_key.begin();
  const Operation operation = history[static_cast<OpIndex>(missing)];
  return Error{ErrorKind::bad_data,
               fmt::format("event {}: the operation has no key, but others in this history have",
                           operation.invoke_event)};
}

/// With several models each keeps its own certificate.
void keep_certificate(CheckResult& part) {
  for (ModelVerdict& each : part.models) {
    if (each.model == part.certificate.model) each.certificate = part.certificate;
  }
}

/// The worse verdict leads; the certificate stays with it.
void merge_into(CheckResult& merged, CheckResult part) {
  if (part.verdict > merged.verdict) {
    std::swap(merged.verdict, part.verdict);
    std::swap(merged.model, part.model);
    std::swap(merged.unknown_because, part.unknown_because);
    std::swap(merged.certificate, part.certificate);
  }
  std::move(part.models.begin(), part.models.end(), std::back_inserter(merged.models));
  std::move(part.anomalies.begin(), part.anomalies.end(), std::back_inserter(merged.anomalies));
  if (merged.statistics.algorithm != part.statistics.algorithm) {
    merged.statistics.algorithm += "+" + part.statistics.algorithm;
  }
  merged.statistics.threads = std::max(merged.statistics.threads, part.statistics.threads);
  merged.statistics.keys_checked += part.statistics.keys_checked;
  merged.statistics.configurations += part.statistics.configurations;
}

CheckResult unknown(const std::string& because) {
  CheckResult result;
  result.verdict = Verdict::unknown;
  result.unknown_because = because;
  return result;
}

Result<CheckResult> check_object(const History& history, const CheckOptions& options,
                                 const ChosenDatatype& datatype) {
  auto result = [&]() -> Result<CheckResult> {
    if (history.info().real_time == RealTime::none) {
      return unknown(
          "the order of events of different processes means nothing in this history, and "
          "linearizability is about that order");
    }
    if (auto status = check_keys(history); !status) return status.error();
    return check_linearizable(history, datatype.info->name, datatype.guessed, options);
  }();
  if (!result) return result;
  result->model = "linearizable";
  result->models = {{result->model, result->verdict, result->unknown_because}};
  return result;
}

Result<CheckResult> check_isolation(const History& history, std::string_view datatype,
                                    const std::vector<std::string>& models,
                                    const CheckOptions& options) {
  if (datatype == "bank") return check_bank(history, models, options);
  if (datatype == "closed-predicate") return check_closed_predicates(history, models, options);
  return check_transactions(history, datatype, models, options);
}

/// Splits the models by family and merges what their checks find.
Result<CheckResult> check_families(const History& history, const CheckOptions& options,
                                   const ChosenDatatype& datatype,
                                   const std::vector<std::string>& models) {
  std::vector<std::string> sessions;
  std::vector<std::string> transactions;
  std::vector<std::string> visibility;
  bool linearizable = false;
  bool logs = false;
  for (const std::string& name : models) {
    switch (find_model(name)->family) {
      case ModelFamily::object:
        linearizable = true;
        break;
      case ModelFamily::session:
        sessions.push_back(name);
        break;
      case ModelFamily::transaction:
        transactions.push_back(name);
        break;
      case ModelFamily::log:
        logs = true;
        break;
      case ModelFamily::visibility:
        visibility.push_back(name);
        break;
    }
  }
  std::optional<CheckResult> merged;
  const auto merge = [&](Result<CheckResult> part) -> Status {
    if (!part) return part.error();
    if (models.size() > 1) keep_certificate(*part);
    if (merged.has_value()) {
      merge_into(*merged, std::move(part).value());
    } else {
      merged = std::move(part).value();
    }
    return {};
  };
  Status status;
  if (linearizable) status = merge(check_object(history, options, datatype));
  if (status && !sessions.empty()) {
    status = merge(check_sessions(history, datatype.info->name, sessions, options));
  }
  if (status && !transactions.empty()) {
    status = merge(check_isolation(history, datatype.info->name, transactions, options));
  }
  if (status && !visibility.empty()) {
    status = merge(check_visibility(history, visibility, options));
  }
  if (status && logs) {
    status = merge(datatype.info->name == "watch" ? check_watches(history, options)
                                                  : check_logs(history, options));
  }
  if (!status) return status.error();
  return std::move(*merged);
}

/// Sessions without transactions satisfy every level of isolation, if the file says that this is
/// what it holds.
bool is_declared_empty(const History& history, const ChosenDatatype& datatype) {
  return datatype.info->kind == DatatypeKind::transactions &&
         history.info().datatype == datatype.info->name;
}

Result<CheckResult> check_within_limits(const History& history, const CheckOptions& options,
                                        const ChosenDatatype& datatype,
                                        const std::vector<std::string>& models) {
  // A record of faults alone satisfies everything, if nothing else; an empty file says nothing.
  if (history.size() == 0 && history.faults().empty() && !is_declared_empty(history, datatype)) {
    return unknown("the history has no operations");
  }
  try {
    return check_families(history, options, datatype, models);
  } catch (const std::bad_alloc&) {
    return unknown("the checker ran out of memory");
  } catch (const std::exception& e) {
    return unknown(fmt::format("the checker failed: {}", e.what()));
  }
}

}  // namespace

std::span<const NamedEntry> models() {
  static const std::vector<NamedEntry> entries = entries_of(model_lattice());
  return entries;
}
std::span<const NamedEntry> datatypes() {
  static const std::vector<NamedEntry> entries = entries_of(datatype_table());
  return entries;
}
std::span<const NamedEntry> anomaly_types() {
  static const std::vector<NamedEntry> entries = entries_of(anomaly_lattice());
  return entries;
}

Result<CheckResult> check(const History& history, const CheckOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  if (options.threads < 0 || options.max_anomalies < 1) {
    return Error{ErrorKind::usage,
                 fmt::format("threads must be 0 or more and anomalies 1 or more, got {} and {}",
                             options.threads, options.max_anomalies)};
  }
  const auto datatype = choose_datatype(history, options.datatype);
  if (!datatype) return datatype.error();
  const auto models = models_to_check(history, options, *datatype->info);
  if (!models) return models.error();
  auto result = check_within_limits(history, options, *datatype, *models);
  if (!result) return result;
  if (result->model.empty()) result->model = models->front();
  if (result->models.empty()) {
    for (const std::string& name : *models) {
      result->models.push_back({name, result->verdict, result->unknown_because});
    }
  }
  result->datatype = datatype->info->name;
  conclude(*result);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  result->statistics.elapsed_s = elapsed.count();
  return result;
}

}  // namespace assay
