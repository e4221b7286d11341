#include "checker/transactions/polygraph/polygraph.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checker/transactions/polygraph/core.h"
#include "checker/transactions/polygraph/decide.h"
#include "checker/transactions/polygraph/explain.h"

namespace assay {
namespace {

using namespace polygraph;

class Check {
 public:
  Check(const Transactions& transactions, std::string_view model, const CheckOptions& options)
      : transactions_(transactions), model_(model), options_(options) {
    if (options.timeout.has_value()) {
      limits_.deadline = std::chrono::steady_clock::now() + *options.timeout;
    }
    limits_.memory_bytes = options.memory_bytes;
    out_.algorithm = "polygraph";
  }

  LevelOutcome run() {
    const auto rules = rules_named(model_);
    if (!rules.has_value()) return give_up(fmt::format("{} is no model of polygraphs", model_));
    const auto ops = transactions_.all_ops();
    if (std::any_of(ops.begin(), ops.end(), [](const TxnOp& op) {
          return op.function == TxnFunction::append || op.function == TxnFunction::read_list;
        })) {
      return give_up("lists are not registers");
    }
    Gathered gathered =
        gather(transactions_, static_cast<std::size_t>(std::max(options_.max_anomalies, 1)));
    facts_ = std::move(gathered.facts);
    if (allows_internal() && contradicts_itself(gathered.refutations)) {
      return give_up("a transaction contradicts itself, which the model allows");
    }
    if (!gathered.refutations.empty()) return refuted(gathered.refutations);
    judge(*rules);
    return std::move(out_);
  }

 private:
  bool allows_internal() const {
    return model_ == "repeatable-read" || model_ == "consistent-view";
  }
  static bool contradicts_itself(const std::vector<Refutation>& refutations) {
    return std::any_of(refutations.begin(), refutations.end(),
                       [](const Refutation& r) { return r.type == "internal"; });
  }

  LevelOutcome give_up(std::string why) {
    out_.verdict = Verdict::unknown;
    out_.unknown_because = std::move(why);
    return std::move(out_);
  }

  LevelOutcome refuted(const std::vector<Refutation>& refutations) {
    out_.verdict = Verdict::violation;
    for (const Refutation& refutation : refutations) {
      out_.anomalies.push_back(explain(transactions_, refutation, model_));
    }
    certify();
    return std::move(out_);
  }

  void certify() {
    if (!options_.certificate) return;
    out_.certificate.verdict = "violation";
    for (const Anomaly& anomaly : out_.anomalies) {
      out_.certificate.witnesses.push_back({std::nullopt, anomaly.witness, {}});
    }
  }

  void judge(const Rules& asked) {
    Rules rules = asked;
    if (asked.real_time && !transactions_.has_real_time()) rules.real_time = false;
    if (!try_stronger(rules)) return;
    const Decision decision = decide(facts_, rules, limits_);
    conclude(decision, rules);
    if (out_.verdict == Verdict::pass && rules.real_time != asked.real_time) {
      out_.certificate = {};
      out_.verdict = Verdict::unknown;
      out_.unknown_because = fmt::format(
          "the history has no real-time order between sessions, which {} is about; without it "
          "there "
          "is an order",
          model_);
    }
  }

  /// What is stronger and cheaper to decide: with the order of sessions the search has clocks and
  /// much less freedom, and snapshots have less freedom than their parts. If that has an order, so
  /// has this; if not, the contradiction may hold here too. False if that settled it.
  bool try_stronger(const Rules& rules) {
    Rules stronger = rules;
    stronger.session = true;
    if (rules.kind == Kind::prefix || rules.kind == Kind::parallel) stronger.kind = Kind::snapshot;
    if (stronger.session == rules.session && stronger.kind == rules.kind) return true;
    const Decision decision = decide(facts_, stronger, limits_);
    if (decision.answer == Answer::ordered) {
      pass(rules.kind == Kind::parallel ? commits_only(decision.order) : decision.order);
      return false;
    }
    if (decision.answer == Answer::unknown) return true;
    const Core core = find_core(facts_, stronger, decision.suspects, limits_);
    const Decision again = decide(facts_.part(core.nodes), rules, limits_);
    if (again.answer != Answer::contradiction) return true;
    violation(core.nodes, rules);
    return false;
  }

  static std::vector<NodeId> commits_only(const std::vector<NodeId>& order) {
    std::vector<NodeId> commits;
    std::vector<bool> begun(order.size(), false);
    for (const NodeId n : order) {
      if (begun[n]) commits.push_back(n);
      begun[n] = true;
    }
    return commits;
  }

  void conclude(const Decision& decision, const Rules& rules) {
    switch (decision.answer) {
      case Answer::ordered:
        pass(decision.order);
        break;
      case Answer::contradiction:
        violation(decision.suspects, rules);
        break;
      case Answer::unknown:
        out_.verdict = Verdict::unknown;
        out_.unknown_because = decision.unknown_because;
        break;
    }
  }

  void pass(const std::vector<NodeId>& order) {
    out_.verdict = Verdict::pass;
    if (!options_.certificate) return;
    out_.certificate.verdict = "pass";
    LinearOrder events;
    events.order.reserve(order.size());
    for (const NodeId n : order) events.order.push_back(transactions_[facts_.nodes[n].txn].event);
    out_.certificate.orders.push_back(std::move(events));
  }

  void violation(const std::vector<NodeId>& suspects, const Rules& rules) {
    out_.verdict = Verdict::violation;
    const Core core = find_core(facts_, rules, suspects, limits_);
    out_.anomalies.push_back(explain(transactions_, facts_, core, rules, model_));
    certify();
  }

  const Transactions& transactions_;
  std::string model_;
  const CheckOptions& options_;
  SearchLimits limits_;
  Facts facts_;
  LevelOutcome out_;
};

}  // namespace

bool polygraph_knows(std::string_view model) { return rules_named(model).has_value(); }

LevelOutcome check_polygraph(const Transactions& transactions, std::string_view model,
                             const CheckOptions& options) {
  return Check(transactions, model, options).run();
}

}  // namespace assay
