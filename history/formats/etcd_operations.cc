// etcd-operations: what etcd's robustness tests record of each client, one JSON object an
// operation, as transactions over registers. Whatever registers cannot say is left out, never
// guessed, so that a violation found here is one.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "history/formats/json_objects.h"
#include "history/formats/readers.h"
#include "history/formats/text_lines.h"

namespace assay {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

/// A field by its name in any case (Go reads it so), or nothing; null counts as nothing.
std::optional<element> field(const object& parent, std::string_view name) {
  element found;
  if (parent.at_key(name).get(found) != simdjson::SUCCESS &&
      parent.at_key_case_insensitive(name).get(found) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  if (found.is_null()) return std::nullopt;
  return found;
}

std::optional<element> field(const element& json, std::string_view name) {
  object parent;
  if (json.get(parent) != simdjson::SUCCESS) return std::nullopt;
  return field(parent, name);
}

std::string text_field(const element& json, std::string_view name) {
  const auto found = field(json, name);
  std::string_view text;
  if (!found || found->get(text) != simdjson::SUCCESS) return {};
  return std::string(text);
}

template <class Json>
std::int64_t number_field(const Json& json, std::string_view name) {
  const auto found = field(json, name);
  std::int64_t number = 0;
  if (!found || found->get(number) != simdjson::SUCCESS) return 0;
  return number;
}

std::vector<element> list_field(const element& json, std::string_view name) {
  std::vector<element> items;
  simdjson::dom::array list;
  const auto found = field(json, name);
  if (!found || found->get(list) != simdjson::SUCCESS) return items;
  for (const element item : list) items.push_back(item);
  return items;
}

/// Long values are recorded as their hash.
std::string value_in(const element& holder) {
  const auto value = field(holder, "Value");
  if (!value) return {};
  std::string_view plain;
  if (value->get(plain) == simdjson::SUCCESS) return std::string(plain);
  const std::int64_t hash = number_field(*value, "Hash");
  return hash != 0 ? fmt::format("hash:{}", hash) : text_field(*value, "Value");
}

using KeyAndRevision = std::pair<std::string, std::int64_t>;

/// One step of a transaction, as it is kept until everything was read.
struct Step {
  enum class Kind { write, remove, read, range, expect_revision } kind;
  std::string key;    ///< of a range: its beginning
  std::string end{};  ///< of a range: behind its last key
  std::string value{};
  std::int64_t revision = 0;                                 ///< of expect_revision
  std::vector<std::pair<std::string, std::string>> found{};  ///< by read and range
  bool complete = false;                                     ///< nothing else was there
};

struct Recorded {
  std::int64_t client = 0;
  Nanos call{};
  Nanos end{};
  EventType outcome = EventType::ok;
  std::string error;
  std::uint64_t line = 0;
  std::vector<Step> steps;
};

class EtcdReader {
 public:
  EtcdReader(std::istream& input, const ReadOptions& options, EventSink& sink)
      : objects_(*input.rdbuf()), sink_(sink) {
    sink.info().format = "etcd-operations";
    sink.info().datatype = "rw-register";
    sink.info().real_time = RealTime::time;
    apply_options(options, sink.info());
  }

  Status read() {
    bool any = false;
    while (const auto next = objects_.next()) {
      any = true;
      if (auto status = record(*next); !status) {
        return status.error().in(fmt::format("line {}", objects_.line()));
      }
    }
    if (objects_.error()) return *objects_.error();
    if (!any) return objects_.bad("the input ends without an operation");
    if (auto status = emit(); !status) return status;
    note(stale_, "reads at an old revision are left out: they are not meant to be current");
    note(static_cast<std::uint64_t>(leased_.size()),
         "keys were put with a lease and are left out: when it ends is not recorded");
    return {};
  }

 private:
  static Error bad(std::string what) { return {ErrorKind::bad_data, std::move(what)}; }

  void note(std::uint64_t count, std::string_view what) {
    if (count > 0) sink_.note(fmt::format("{} {}", count, what));
  }

  Status record(const object& json) {
    const auto input = field(json, "Input");
    const auto output = field(json, "Output");
    const auto client = field(json, "ClientId");
    const auto call = field(json, "Call");
    Recorded op;
    op.line = objects_.line();
    if (!input || !output || !client || !call) {
      return bad("an operation needs ClientId, Input, Call and Output");
    }
    if (client->get(op.client) != simdjson::SUCCESS || op.client < 0 ||
        op.client > std::numeric_limits<std::int32_t>::max() / 2) {
      return bad("ClientId must be a number from 0");
    }
    op.call = Nanos(number_field(json, "Call"));
    op.end = Nanos(number_field(json, "Return"));
    if (op.call < Nanos(0) || op.end < op.call) return bad("Return must not come before Call");
    op.error = text_field(*output, "Error");
    if (!op.error.empty()) op.outcome = EventType::info;
    if (const std::string definite = text_field(*output, "ClientError"); !definite.empty()) {
      op.error = definite;
      op.outcome = EventType::fail;
    }
    if (const auto txn = field(*input, "Txn")) {
      read_txn(*txn, *output, std::move(op));
    } else if (const auto range = field(*input, "Range")) {
      if (number_field(*range, "Revision") > 0) {
        ++stale_;
        return {};
      }
      add_range(*range, field(*output, "Range"), op);
      keep(std::move(op));
    }
    return {};
  }

  void keep(Recorded op) {
    if (!op.steps.empty()) recorded_.push_back(std::move(op));
  }

  void read_txn(const element& txn, const element& output, Recorded op) {
    const auto answer = field(output, "Txn");
    bool failed = false;
    if (answer) {
      if (const auto flag = field(*answer, "Failure")) {
        if (flag->get(failed) != simdjson::SUCCESS) failed = false;
      }
    }
    const std::vector<element> conditions = list_field(txn, "Conditions");
    const auto results = answer ? list_field(*answer, "Results") : std::vector<element>();
    if (op.outcome == EventType::ok) {
      if (!failed) add_conditions(conditions, op);
      const auto& branch = failed ? "OperationsOnFailure" : "OperationsOnSuccess";
      add_operations(list_field(txn, branch), results, number_field(output, "Revision"), op);
      keep(std::move(op));
      return;
    }
    // Which of the two branches ran, if any, is not known: either may have.
    Recorded other = op;
    other.client += std::int64_t{std::numeric_limits<std::int32_t>::max()} / 2 + 1;
    add_operations(list_field(txn, "OperationsOnSuccess"), {}, 0, op);
    add_operations(list_field(txn, "OperationsOnFailure"), {}, 0, other);
    keep(std::move(op));
    const bool writes = std::any_of(other.steps.begin(), other.steps.end(), [](const Step& step) {
      return step.kind == Step::Kind::write || step.kind == Step::Kind::remove;
    });
    if (writes && !conditions.empty()) keep(std::move(other));
  }

  static void add_conditions(const std::vector<element>& conditions, Recorded& op) {
    for (const element& condition : conditions) {
      if (number_field(condition, "ExpectedVersion") != 0) continue;
      Step step{Step::Kind::expect_revision, text_field(condition, "Key")};
      step.revision = number_field(condition, "ExpectedRevision");
      op.steps.push_back(std::move(step));
    }
  }

  void add_operations(const std::vector<element>& operations, const std::vector<element>& results,
                      std::int64_t revision, Recorded& op) {
    for (std::size_t i = 0; i < operations.size(); ++i) {
      const element& operation = operations[i];
      const std::string type = text_field(operation, "Type");
      const auto put = field(operation, "Put");
      const auto remove = field(operation, "Delete");
      const auto range = field(operation, "Range");
      if (type == "put-operation" && put) {
        Step step{Step::Kind::write, text_field(*put, "Key")};
        step.value = value_in(*put);
        if (number_field(*put, "LeaseID") != 0) leased_.insert(step.key);
        keys_.insert(step.key);
        if (revision > 0) written_[{step.key, revision}] = step.value;
        op.steps.push_back(std::move(step));
      } else if (type == "delete-operation" && remove) {
        op.steps.push_back({Step::Kind::remove, text_field(*remove, "Key")});
      } else if (type == "range-operation" && range) {
        const bool answered = i < results.size();
        add_range(*range, answered ? std::optional(results[i]) : std::nullopt, op);
      }
    }
  }

  void add_range(const element& range, const std::optional<element>& answer, Recorded& op) {
    Step step{Step::Kind::read, text_field(range, "Start")};
    step.end = text_field(range, "End");
    if (!step.end.empty()) step.kind = Step::Kind::range;
    bool keys_only = false;
    if (const auto flag = field(range, "KeysOnly")) {
      if (flag->get(keys_only) != simdjson::SUCCESS) keys_only = false;
    }
    if (op.outcome == EventType::ok && answer) {
      const auto kvs = list_field(*answer, "KVs");
      step.complete = number_field(*answer, "Count") == static_cast<std::int64_t>(kvs.size());
      for (const element& kv : kvs) {
        const std::string key = text_field(kv, "Key");
        keys_.insert(key);
        if (keys_only) {
          step.complete = false;
          continue;
        }
        step.found.emplace_back(key, value_in(kv));
        written_[{key, number_field(kv, "ModRevision")}] = step.found.back().second;
      }
    }
    op.steps.push_back(std::move(step));
  }

  static Value operation(const char* f, const std::string& key, Value value) {
    return Value::List{Value(Value::Keyword{f}), Value(key), std::move(value)};
  }

  void add_read(const std::string& key, Value value, bool asked_only, Value::List& list) const {
    if (leased_.contains(key)) return;
    list.push_back(operation("r", key, asked_only ? Value() : std::move(value)));
  }

  /// The step as operations on registers, with what the reads returned or without.
  void append(const Step& step, bool asked_only, Value::List& list) const {
    switch (step.kind) {
      case Step::Kind::write:
      case Step::Kind::remove:
        if (leased_.contains(step.key)) return;
        list.push_back(
            operation("w", step.key, step.kind == Step::Kind::write ? Value(step.value) : Value()));
        return;
      case Step::Kind::expect_revision: {
        if (step.revision == 0) return add_read(step.key, Value(), asked_only, list);
        const auto known = written_.find({step.key, step.revision});
        if (known != written_.end()) add_read(step.key, known->second, asked_only, list);
        return;
      }
      case Step::Kind::read:
        if (!step.found.empty()) {
          add_read(step.key, step.found.front().second, asked_only, list);
        } else if (step.complete) {
          add_read(step.key, Value(), asked_only, list);
        }
        return;
      case Step::Kind::range:
        break;
    }
    for (const auto& [key, value] : step.found) add_read(key, value, asked_only, list);
    if (!step.complete) return;
    // Whatever else lies in the range was absent.
    for (auto key = keys_.lower_bound(step.key); key != keys_.end(); ++key) {
      if (step.end != std::string(1, '\0') && *key >= step.end) break;
      const bool found = std::any_of(step.found.begin(), step.found.end(),
                                     [&key](const auto& entry) { return entry.first == *key; });
      if (!found) add_read(*key, Value(), asked_only, list);
    }
  }

  Status emit() {
    Event event;
    event.f = "txn";
    for (const Recorded& op : recorded_) {
      Value::List asked;
      Value::List answered;
      for (const Step& step : op.steps) {
        append(step, true, asked);
        append(step, false, answered);
      }
      if (asked.empty()) continue;
      event.process = static_cast<ProcessId>(op.client);
      event.type = EventType::invoke;
      event.time = op.call;
      event.error.clear();
      event.value = Value(std::move(asked));
      Status status = sink_.add(event);
      ++event.index;
      event.type = op.outcome;
      event.time = op.end;
      event.error = op.error;
      event.value = op.outcome == EventType::ok ? Value(std::move(answered)) : Value();
      if (status) status = sink_.add(event);
      ++event.index;
      if (!status) return status.error().in(fmt::format("line {}", op.line));
    }
    return {};
  }

  JsonObjects objects_;
  EventSink& sink_;
  std::vector<Recorded> recorded_;
  std::set<std::string> keys_;  ///< everything that was ever there
  std::set<std::string> leased_;
  std::map<KeyAndRevision, std::string> written_;  ///< what a key held from a revision on
  std::uint64_t stale_ = 0;
};

}  // namespace

bool recognise_etcd_operations(std::string_view beginning) {
  const std::string_view text = trimmed(beginning);
  if (!text.starts_with('{') && !text.starts_with('[')) return false;
  const std::string_view first = text.substr(0, 400);
  const bool client = first.find("\"ClientId\"") != std::string_view::npos ||
                      first.find("\"ClientID\"") != std::string_view::npos;
  return client && first.find("\"Input\"") != std::string_view::npos;
}

Status read_etcd_operations(std::istream& input, const ReadOptions& options, EventSink& sink) {
  return EtcdReader(input, options, sink).read();
}

}  // namespace assay
