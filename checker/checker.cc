#include "checker/checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <new>
#include <vector>

#include "checker/linearizability/register_check.h"

namespace assay {
namespace {

constexpr std::array<NamedEntry, 1> model_table{{
    {"linearizable", "every operation takes effect at one instant between its start and its end"},
}};

constexpr std::array<NamedEntry, 1> datatype_table{{
    {"register", "read, write and cas (compare-and-set) of single values; keys are independent"},
}};

constexpr std::array<NamedEntry, 1> anomaly_table{{
    {"nonlinearizable", "no order of the operations explains what they returned and respects time"},
}};

std::string names_in(std::span<const NamedEntry> table) {
  std::string result;
  for (const NamedEntry& entry : table) {
    result += fmt::format("{}{}", result.empty() ? "" : ", ", entry.name);
  }
  return result;
}

bool is_in(std::span<const NamedEntry> table, std::string_view name) {
  return std::any_of(table.begin(), table.end(),
                     [&](const NamedEntry& entry) { return entry.name == name; });
}

struct Datatype {
  std::string name;
  bool guessed = false;
};

Result<Datatype> datatype_of(const History& history, const CheckOptions& options) {
  std::string name = options.datatype;
  if (name == "auto" && !history.info().datatype.empty()) name = history.info().datatype;
  if (name != "auto") {
    if (is_in(datatype_table, name)) return Datatype{name, false};
    return Error{ErrorKind::usage, fmt::format("datatype '{}' is not supported; supported: {}",
                                               name, names_in(datatype_table))};
  }
  std::string seen;
  bool is_register = true;
  for (std::size_t i = 0; i < history.function_count(); ++i) {
    const std::string_view function = history.function_name(static_cast<FunctionId>(i));
    seen += fmt::format("{}{}", seen.empty() ? "" : ", ", function);
    is_register = is_register && (function == "read" || function == "write" || function == "cas");
  }
  if (is_register) return Datatype{"register", true};
  return Error{ErrorKind::usage,
               fmt::format("cannot tell the datatype from the functions {}; name it with "
                           "--datatype (supported: {})",
                           seen, names_in(datatype_table))};
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

CheckResult unknown(const std::string& because) {
  CheckResult result;
  result.verdict = Verdict::unknown;
  result.unknown_because = because;
  return result;
}

Result<CheckResult> check_within_limits(const History& history, const CheckOptions& options,
                                        const Datatype& datatype) {
  // A record of faults alone is linearizable, if nothing else; an empty file says nothing at all.
  if (history.size() == 0 && history.faults().empty()) {
    return unknown("the history has no operations");
  }
  if (history.info().real_time == RealTime::none) {
    return unknown(
        "the order of events of different processes means nothing in this history, and "
        "linearizability is about that order");
  }
  if (auto status = check_keys(history); !status) return status.error();
  try {
    return check_registers(history, options, datatype.guessed);
  } catch (const std::bad_alloc&) {
    return unknown("the checker ran out of memory");
  } catch (const std::exception& e) {
    return unknown(fmt::format("the checker failed: {}", e.what()));
  }
}

}  // namespace

std::span<const NamedEntry> models() { return model_table; }
std::span<const NamedEntry> datatypes() { return datatype_table; }
std::span<const NamedEntry> anomaly_types() { return anomaly_table; }

Result<CheckResult> check(const History& history, const CheckOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  if (!is_in(model_table, options.model)) {
    return Error{ErrorKind::usage, fmt::format("model '{}' is not supported; supported: {}",
                                               options.model, names_in(model_table))};
  }
  if (options.threads < 0 || options.max_anomalies < 1) {
    return Error{ErrorKind::usage,
                 fmt::format("threads must be 0 or more and anomalies 1 or more, got {} and {}",
                             options.threads, options.max_anomalies)};
  }
  const auto datatype = datatype_of(history, options);
  if (!datatype) return datatype.error();
  auto result = check_within_limits(history, options, datatype.value());
  if (!result) return result;
  result->model = options.model;
  result->datatype = datatype.value().name;
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  result->statistics.elapsed_s = elapsed.count();
  return result;
}

}  // namespace assay
