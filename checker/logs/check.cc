#include "checker/logs/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "checker/lattice.h"
#include "checker/logs/log_cycles.h"
#include "checker/logs/log_operations.h"
#include "checker/logs/log_order.h"

namespace assay {
namespace {

class LogCheck {
 public:
  LogCheck(const LogOperations& log, const CheckOptions& options)
      : log_(log), options_(options), order_(log) {}

  std::vector<Anomaly> run() {
    inconsistent_offsets();
    duplicates();
    lost_writes();
    aborted_reads();
    precommitted_reads();
    within_operations();
    between_polls();
    between_sends();
    for (LogCycle& cycle : find_log_cycles(log_, order_)) add_cycle(cycle);
    return std::move(anomalies_);
  }

 private:
  static constexpr std::uint32_t none = LogOrder::none;

  std::string key_text(LogKey key) const { return to_text(log_.keys[key]); }
  std::string text(LogValue value) const { return to_text(log_.values[value]); }

  /// G0, G1a and G1c are known from transactions, and mean the same here.
  static std::string_view weakest_refuted(std::string_view type) {
    if (type == "G1a") return "ordered-log";
    if (type == "G0" || type == "G1c") return "serializable-log";
    return find_anomaly(type)->refutes;
  }

  bool is_full(std::string_view type) {
    return count_of_type_[std::string(type)] >= options_.max_anomalies;
  }

  void add(std::string_view type, std::optional<LogKey> key, std::vector<std::uint64_t> witness,
           std::string explanation) {
    if (is_full(type)) return;
    ++count_of_type_[std::string(type)];
    Anomaly anomaly;
    anomaly.type = type;
    anomaly.model = weakest_refuted(type);
    if (key.has_value()) anomaly.key = log_.keys[*key];
    std::sort(witness.begin(), witness.end());
    witness.erase(std::unique(witness.begin(), witness.end()), witness.end());
    anomaly.witness = std::move(witness);
    anomaly.explanation = std::move(explanation);
    anomaly.minimal = true;
    anomalies_.push_back(std::move(anomaly));
  }

  void inconsistent_offsets() {
    for (const LogOrder::Conflict& conflict : order_.conflicts()) {
      add("inconsistent-offsets", conflict.key, {conflict.first_event, conflict.second_event},
          fmt::format("Offset {} of log {} holds {} for one client and {} for another.",
                      conflict.offset, key_text(conflict.key), text(conflict.first),
                      text(conflict.second)));
    }
  }

  void duplicates() {
    for (const LogOrder::Duplicate& twice : order_.duplicates()) {
      const LogKey key = log_.key_of_value[twice.value];
      add("duplicate", key, {twice.first_event, twice.second_event},
          fmt::format("{} is in log {} twice, at offsets {} and {}.", text(twice.value),
                      key_text(key), twice.first_offset, twice.second_offset));
    }
  }

  /// An acknowledged message that no poll returned, although polls have gone past its offset.
  void lost_writes() {
    std::vector<bool> polled(log_.values.size(), false);
    struct Furthest {
      std::uint32_t position = none;
      std::uint64_t event = 0;
      LogValue value = 0;
    };
    std::vector<Furthest> furthest(log_.keys.size());
    for (const LogOperation& operation : log_.operations) {
      for (const LogMessage& message : operation.polls) {
        polled[message.value] = true;
        const std::uint32_t position = order_.position(message.value);
        Furthest& most = furthest[message.key];
        if (position == none || (most.position != none && most.position >= position)) continue;
        most = {position, operation.event, message.value};
      }
    }
    for (const LogOperation& operation : log_.operations) {
      if (operation.outcome != Outcome::ok) continue;
      for (const LogMessage& message : operation.sends) {
        const std::uint32_t position = order_.position(message.value);
        const Furthest& most = furthest[message.key];
        if (polled[message.value] || position == none || most.position == none ||
            position >= most.position) {
          continue;
        }
        add("lost-write", message.key, {operation.event, most.event},
            fmt::format("{} was acknowledged in log {}, but no poll ever returned it, although "
                        "one returned {}, which comes after it.",
                        text(message.value), key_text(message.key), text(most.value)));
      }
    }
  }

  /// By value: the operation that sent it, if exactly one did.
  std::vector<const LogOperation*> senders() const {
    std::vector<const LogOperation*> result(log_.values.size(), nullptr);
    for (const LogOperation& operation : log_.operations) {
      for (const LogMessage& message : operation.sends) {
        // A retry that succeeded counts, not the attempt that failed.
        const LogOperation*& known = result[message.value];
        if (known == nullptr || known->outcome == Outcome::fail) known = &operation;
      }
    }
    return result;
  }

  template <class Visit>
  void each_read(Visit visit) {
    const auto by_value = senders();
    for (const LogOperation& reader : log_.operations) {
      if (reader.outcome != Outcome::ok) continue;
      for (const LogMessage& message : reader.polls) {
        const LogOperation* writer = by_value[message.value];
        if (writer != nullptr && writer != &reader) visit(reader, *writer, message);
      }
    }
  }

  void aborted_reads() {
    each_read([&](const LogOperation& reader, const LogOperation& writer, const LogMessage& m) {
      if (writer.outcome != Outcome::fail) return;
      add("G1a", m.key, {writer.event, reader.event},
          fmt::format("Process {} polled {} from log {}, but the operation that sent it failed.",
                      reader.process, text(m.value), key_text(m.key)));
    });
  }

  void precommitted_reads() {
    each_read([&](const LogOperation& reader, const LogOperation& writer, const LogMessage& m) {
      if (!writer.transaction || writer.outcome != Outcome::ok ||
          writer.complete_event < reader.complete_event) {
        return;
      }
      add("precommitted-read", m.key, {writer.event, reader.event},
          fmt::format("Process {} had polled {} from log {} before the transaction that sent it "
                      "was committed.",
                      reader.process, text(m.value), key_text(m.key)));
    });
  }

  void compare(std::string_view skip, std::string_view back, const LogMessage& before,
               const LogMessage& after, std::uint64_t first, std::uint64_t second,
               std::string_view did, std::int32_t process) {
    const std::uint32_t from = order_.position(before.value);
    const std::uint32_t to = order_.position(after.value);
    if (from == none || to == none || to == from + 1) return;
    if (to > from) {
      if (skip.empty()) return;
      add(skip, after.key, {first, second},
          fmt::format("Process {} {} {} and next {} in log {}, but {} lies between them.", process,
                      did, text(before.value), text(after.value), key_text(after.key),
                      text(order_.at(after.key, from + 1))));
      return;
    }
    add(back, after.key, {first, second},
        fmt::format("Process {} {} {} and next {} in log {}, although {} comes {}.", process, did,
                    text(before.value), text(after.value), key_text(after.key), text(after.value),
                    to == from ? "only once" : "before it"));
  }

  /// Within one operation.
  void within_operations() {
    for (const LogOperation& operation : log_.operations) {
      if (operation.outcome == Outcome::fail && operation.polls.empty()) continue;
      std::unordered_map<LogKey, const LogMessage*> last;
      for (const LogMessage& message : operation.polls) {
        const LogMessage*& before = last[message.key];
        if (before != nullptr) {
          compare("int-poll-skip", "int-nonmonotonic-poll", *before, message, operation.event,
                  operation.event, "polled", operation.process);
        }
        before = &message;
      }
      last.clear();
      if (operation.outcome == Outcome::fail) continue;
      for (const LogMessage& message : operation.sends) {
        const LogMessage*& before = last[message.key];
        if (before != nullptr) {
          compare("int-send-skip", "int-nonmonotonic-send", *before, message, operation.event,
                  operation.event, "sent", operation.process);
        }
        before = &message;
      }
    }
  }

  /// From one operation of a process to the next. A poll that did not commit starts where the last
  /// one that did ended, and does not move on.
  void between_polls() {
    struct Seen {
      LogMessage message;
      std::uint64_t event;
    };
    std::map<std::pair<std::int32_t, LogKey>, Seen> last;
    for (const LogOperation& operation : log_.operations) {
      if (operation.reassignment != Reassignment::none) {
        reassign(operation, last);
        continue;
      }
      std::set<LogKey> met;
      for (const LogMessage& message : operation.polls) {
        if (!met.insert(message.key).second) continue;
        const auto before = last.find({operation.process, message.key});
        if (before == last.end()) continue;
        compare("poll-skip", "nonmonotonic-poll", before->second.message, message,
                before->second.event, operation.event, "polled", operation.process);
      }
      if (operation.outcome != Outcome::ok) continue;
      for (const LogMessage& message : operation.polls) {
        last.insert_or_assign({operation.process, message.key}, Seen{message, operation.event});
      }
    }
  }

  /// After assign a process goes on with the keys that it keeps; after subscribe anything may be.
  template <class Last>
  static void reassign(const LogOperation& operation, Last& last) {
    const auto begin = last.lower_bound({operation.process, 0});
    for (auto at = begin; at != last.end() && at->first.first == operation.process;) {
      const bool kept = operation.reassignment == Reassignment::assign &&
                        std::find(operation.assigned.begin(), operation.assigned.end(),
                                  at->first.second) != operation.assigned.end();
      at = kept ? std::next(at) : last.erase(at);
    }
  }

  void between_sends() {
    std::map<std::pair<std::int32_t, LogKey>, std::pair<LogMessage, std::uint64_t>> last;
    for (const LogOperation& operation : log_.operations) {
      if (operation.outcome == Outcome::fail) continue;
      std::set<LogKey> met;
      for (const LogMessage& message : operation.sends) {
        if (!met.insert(message.key).second) continue;
        const auto before = last.find({operation.process, message.key});
        if (before == last.end()) continue;
        compare("", "nonmonotonic-send", before->second.first, message, before->second.second,
                operation.event, "sent", operation.process);
      }
      for (const LogMessage& message : operation.sends) {
        if (order_.position(message.value) == none) continue;
        last.insert_or_assign({operation.process, message.key},
                              std::pair(message, operation.event));
      }
    }
  }

  void add_cycle(LogCycle& cycle) {
    if (is_full(cycle.type)) return;
    std::vector<std::uint64_t> witness;
    for (const LogEdge& edge : cycle.edges) witness.push_back(log_.operations[edge.from].event);
    add(cycle.type, std::nullopt, std::move(witness),
        fmt::format("{} operations each come before the next, in a circle: they cannot have "
                    "happened one after the other.",
                    cycle.edges.size()));
    for (const LogEdge& edge : cycle.edges) {
      const LogOperation& from = log_.operations[edge.from];
      const LogOperation& to = log_.operations[edge.to];
      const std::string because =
          edge.is_read
              ? fmt::format("process {} polled {} of log {}, which process {} had sent", to.process,
                            text(edge.after), key_text(log_.key_of_value[edge.after]), from.process)
              : fmt::format("{} of process {} comes before {} of process {} in log {}",
                            text(edge.before), from.process, text(edge.after), to.process,
                            key_text(log_.key_of_value[edge.after]));
      anomalies_.back().steps.push_back(
          {from.event, to.event, edge.is_read ? "wr" : "ww", because});
    }
  }

  const LogOperations& log_;
  const CheckOptions& options_;
  LogOrder order_;
  std::vector<Anomaly> anomalies_;
  std::map<std::string, int> count_of_type_;
};

bool asked_for(const CheckOptions& options, std::string_view model) {
  if (options.models.empty()) return model == "ordered-log";
  return std::any_of(options.models.begin(), options.models.end(), [&](const std::string& name) {
    return name == "strongest" || implies(name, model);
  });
}

}  // namespace

Result<CheckResult> check_logs(const History& history, const CheckOptions& options) {
  const auto log = read_log_operations(history);
  if (!log) return log.error();
  std::vector<Anomaly> found = LogCheck(*log, options).run();
  CheckResult result;
  result.statistics.algorithm = "offsets";
  result.statistics.keys_checked = log->keys.size();
  result.verdict = Verdict::pass;
  for (const std::string_view model : {"serializable-log", "ordered-log"}) {
    if (!asked_for(options, model)) continue;
    const bool violated = std::any_of(found.begin(), found.end(), [&](const Anomaly& anomaly) {
      return implies(model, anomaly.model);
    });
    result.models.push_back(
        {std::string(model), violated ? Verdict::violation : Verdict::pass, {}});
    // The strongest that holds, or the weakest that is violated.
    if (result.model.empty() || violated) result.model = model;
    if (violated) result.verdict = Verdict::violation;
  }
  // What only a stronger model forbids is no anomaly of the ones asked for.
  std::erase_if(found, [&](const Anomaly& anomaly) {
    return std::none_of(result.models.begin(), result.models.end(), [&](const ModelVerdict& each) {
      return implies(each.model, anomaly.model);
    });
  });
  result.anomalies = std::move(found);
  return result;
}

}  // namespace assay
