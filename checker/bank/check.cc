#include "checker/bank/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "checker/bank/operations.h"
#include "checker/lattice.h"
#include "checker/linearizability/keyed_check.h"

namespace assay {
namespace {

using bank::Balances;

struct BankRead {
  std::uint64_t event;
  Balances balances;
  std::int64_t total;
};

class BankCheck {
 public:
  BankCheck(const History& history, std::span<const std::string> models,
            const CheckOptions& options)
      : history_(history), models_(models), options_(options) {}

  Result<CheckResult> run() {
    if (auto status = read_operations(); !status) return status.error();
    if (!reads_.empty() || declared_) {
      choose_reference();
      for (const BankRead& read : reads_) judge(read);
    }
    if (auto status = decide(); !status) return status.error();
    return std::move(result_);
  }

 private:
  Status read_operations() {
    if (history_.keyed()) {
      return Error{ErrorKind::bad_data, "a bank is one object, but the operations have keys"};
    }
    if (history_.info().initial.is<Value::Map>()) {
      auto declared = bank::balances_of(history_.info().initial, 0);
      if (!declared) return declared.error().in("initial value");
      declared_ = std::move(declared).value();
    }
    for (OpIndex i = 0; i < history_.size(); ++i) {
      const Operation operation = history_[i];
      const auto f = history_.function_name(operation.function);
      if (f == "transfer") {
        const auto transfer =
            bank::transfer_of(history_.value(operation.argument), operation.invoke_event);
        if (!transfer) return transfer.error();
      } else if (f != "read") {
        return Error{ErrorKind::bad_data,
                     fmt::format("event {}: a bank has no operation '{}'; expected read or "
                                 "transfer",
                                 operation.invoke_event, f)};
      } else if (operation.outcome == Outcome::ok) {
        auto balances =
            bank::balances_read(history_.value(operation.result), operation.invoke_event);
        if (!balances) return balances.error();
        const std::int64_t total = bank::total_of(*balances);
        reads_.push_back({operation.invoke_event, std::move(balances).value(), total});
      }
    }
    return {};
  }

  /// What a right read looks like: the declared balances, else the first of the reads that agree
  /// with the most others.
  void choose_reference() {
    if (declared_) {
      accounts_ = names_in(*declared_);
      total_ = bank::total_of(*declared_);
      return;
    }
    using Kind = std::pair<std::vector<std::string>, std::int64_t>;
    std::map<Kind, std::pair<std::size_t, const BankRead*>> kinds;
    for (const BankRead& read : reads_) {
      auto& [count, first] = kinds[{names_in(read.balances), read.total}];
      if (count++ == 0) first = &read;
    }
    std::size_t most = 0;
    for (const auto& [kind, seen] : kinds) {
      const auto& [count, first] = seen;
      if (count < most || (count == most && first->event > reference_->event)) continue;
      most = count;
      reference_ = first;
      accounts_ = kind.first;
      total_ = kind.second;
    }
  }

  static std::vector<std::string> names_in(const Balances& balances) {
    std::vector<std::string> names;
    for (const auto& [name, balance] : balances) names.push_back(name);
    return names;
  }

  void judge(const BankRead& read) {
    const std::string expected = reference_ == nullptr
                                     ? std::string("the initial balances add up to")
                                     : fmt::format("the read of event {} found", reference_->event);
    if (names_in(read.balances) != accounts_) {
      add("unexpected-account", read, true,
          fmt::format("a read found {} accounts, where {}", read.balances.size(),
                      reference_ == nullptr ? fmt::format("{} were declared", accounts_.size())
                                            : fmt::format("the read of event {} found {} or others",
                                                          reference_->event, accounts_.size())));
      return;
    }
    for (const auto& [name, balance] : read.balances) {
      if (!balance) {
        add("unexpected-account", read, false, fmt::format("a read found no balance of {}", name));
        return;
      }
      if (*balance < 0 && !options_.negative_balances) {
        add("negative-balance", read, false,
            fmt::format("a read found {} in account {}", *balance, name));
      }
    }
    if (read.total != total_) {
      add("wrong-total", read, true,
          fmt::format("a read found {} in all accounts together, but {} {}", read.total, expected,
                      total_));
    }
  }

  void add(const char* type, const BankRead& read, bool compared, std::string what) {
    ++counts_[type];
    // The same of many reads is told once.
    if (++repeated_[what] > 1) return;
    if (result_.anomalies.size() >= static_cast<std::size_t>(options_.max_anomalies)) return;
    Anomaly anomaly;
    anomaly.type = type;
    anomaly.model = find_anomaly(type)->refutes;
    anomaly.witness = {read.event};
    if (compared && reference_ != nullptr) anomaly.witness.push_back(reference_->event);
    std::sort(anomaly.witness.begin(), anomaly.witness.end());
    if (compared && refuting_reads_.empty()) refuting_reads_ = anomaly.witness;
    anomaly.explanation = std::move(what);
    anomaly.minimal = true;
    result_.anomalies.push_back(std::move(anomaly));
  }

  Status decide() {
    bool open = false;
    for (const std::string& model : models_) {
      const bool violated = std::any_of(counts_.begin(), counts_.end(), [&](const auto& count) {
        const auto refuted = refuted_by(count.first);
        return std::find(refuted.begin(), refuted.end(), model) != refuted.end();
      });
      open = open || !violated;
      result_.models.push_back(
          {model, violated ? Verdict::violation : Verdict::unknown, std::string()});
    }
    for (Anomaly& anomaly : result_.anomalies) {
      if (const std::size_t more = repeated_[anomaly.explanation] - 1; more > 0) {
        anomaly.explanation += fmt::format("; so did {} more", more);
      }
    }
    result_.statistics.algorithm = "totals";
    if (open) {
      if (auto status = search(); !status) return status;
    }
    result_.verdict = Verdict::pass;
    for (const ModelVerdict& each : result_.models) {
      if (!result_.model.empty() && each.verdict <= result_.verdict) continue;
      result_.verdict = each.verdict;
      result_.model = each.model;
      result_.unknown_because = each.unknown_because;
    }
    if (options_.certificate) certify();
    return {};
  }

  /// One serial order that respects real time satisfies every model.
  Status search() {
    std::string because;
    bool serial = false;
    if (!result_.anomalies.empty()) {
      because = "the anomalies found refute only stronger models";
    } else if (history_.info().real_time == RealTime::none) {
      because = "the order of events of different processes means nothing in this history";
    } else {
      auto found = check_linearizable(history_, "bank", false, options_);
      if (!found) return found.error();
      result_.statistics = found->statistics;
      result_.statistics.algorithm = "totals+" + found->statistics.algorithm;
      serial = found->verdict == Verdict::pass;
      because = found->unknown_because;
      if (found->verdict == Verdict::violation) {
        because =
            "every total is right, but no serial order that respects real time explains the reads; "
            "whether another one does was not decided";
        adopt(*found);
      }
      if (serial) order_ = std::move(found->certificate);
    }
    for (ModelVerdict& each : result_.models) {
      if (each.verdict != Verdict::unknown) continue;
      if (serial) {
        each.verdict = Verdict::pass;
      } else {
        each.unknown_because = because;
      }
    }
    return {};
  }

  /// No serial order that respects real time: that is what strict serializability is.
  void adopt(CheckResult& found) {
    for (ModelVerdict& each : result_.models) {
      if (each.model != "strict-serializable") continue;
      each.verdict = Verdict::violation;
      for (Anomaly& anomaly : found.anomalies) {
        anomaly.type = "nonserial";
        anomaly.model = each.model;
        result_.anomalies.push_back(std::move(anomaly));
      }
    }
  }

  /// A serial order passes everything below it. A violation is shown by the reads themselves,
  /// unless it rests on what accounts may hold: the verifier does not ask that.
  void certify() {
    for (ModelVerdict& each : result_.models) {
      if (each.verdict == Verdict::pass) {
        each.certificate = order_;
        if (!order_.empty()) each.certificate.model = "strict-serializable";
      } else if (each.verdict == Verdict::violation && !refuting_reads_.empty()) {
        Certificate& certificate = each.certificate;
        certificate.verdict = name_of(Verdict::violation);
        certificate.model = each.model;
        certificate.datatype = "bank";
        certificate.history_digest = history_.digest();
        certificate.initial = history_.info().initial;
        certificate.witnesses = {{std::nullopt, refuting_reads_}};
      }
      if (each.model == result_.model) result_.certificate = each.certificate;
    }
  }

  const History& history_;
  std::span<const std::string> models_;
  const CheckOptions& options_;
  std::optional<Balances> declared_;
  std::vector<BankRead> reads_;
  const BankRead* reference_ = nullptr;
  std::vector<std::string> accounts_;
  std::int64_t total_ = 0;
  std::map<std::string, std::size_t> counts_;    ///< by type
  std::map<std::string, std::size_t> repeated_;  ///< by explanation
  std::vector<std::uint64_t> refuting_reads_;
  Certificate order_;
  CheckResult result_;
};

}  // namespace

Result<CheckResult> check_bank(const History& history, std::span<const std::string> models,
                               const CheckOptions& options) {
  return BankCheck(history, models, options).run();
}

}  // namespace assay
