#include "checker/causal/check.h"

#include <fmt/format.h>
#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include "checker/causal/arbitrated_views.h"
#include "checker/causal/guarantees.h"
#include "checker/causal/report.h"
#include "checker/causal/sequential.h"
#include "checker/transactions/level_outcome.h"
#include "checker/transactions/weak/causal_clocks.h"
#include "checker/transactions/weak/commit_graph.h"

namespace assay {
namespace {

using causal::Finding;
using causal::View;
using causal::ViewRules;
using causal::ViewVerdict;
using weak::Node;
using weak::Observations;

/// So many events in the orders of a certificate; larger ones are not made.
constexpr std::size_t largest_certificate = 20'000'000;

constexpr std::array<std::pair<std::string_view, causal::Guarantee>, 4> guarantees{{
    {"read-your-writes", causal::Guarantee::read_your_writes},
    {"monotonic-reads", causal::Guarantee::monotonic_reads},
    {"monotonic-writes", causal::Guarantee::monotonic_writes},
    {"writes-follow-reads", causal::Guarantee::writes_follow_reads},
}};
/// What breaks them, in the same order.
constexpr std::array<std::string_view, 4> broken_guarantees{
    "own-write-unseen", "nonmonotonic-read", "nonmonotonic-write", "write-without-reads"};

/// An operation that is no read, write or cas of one key; none: they all are.
std::optional<std::uint64_t> first_compound(const Transactions& transactions) {
  for (TxnIndex t = 0; t < transactions.size(); ++t) {
    const auto ops = transactions.ops(t);
    if (ops.size() < 2) continue;
    const bool cas =
        ops.size() == 2 && ops[0].key == ops[1].key && !ops[0].writes() && ops[1].writes();
    if (!cas) return transactions[t].event;
  }
  return std::nullopt;
}

class SessionCheck {
 public:
  SessionCheck(const History& history, const Transactions& transactions, std::string_view model,
               const CheckOptions& options)
      : history_(history), transactions_(transactions), model_(model), options_(options) {
    limits_.memory_bytes = options.memory_bytes;
    if (options.timeout.has_value()) {
      limits_.deadline = std::chrono::steady_clock::now() + *options.timeout;
    }
  }

  LevelOutcome run() {
    const Observations seen = weak::observe(transactions_, weak::Ambiguous::leave_out);
    if (const auto compound = first_compound(transactions_); compound.has_value()) {
      out_.algorithm = "session clocks";
      out_.unknown_because = fmt::format(
          "event {} is more than a read, a write or a cas of one key; models of sessions are about "
          "single operations, those of transactions (--datatype rw-register) about several",
          *compound);
      return std::move(out_);
    }
    attempt(seen);
    if (out_.verdict == Verdict::violation || !seen.ambiguous() || decided_) {
      return std::move(out_);
    }
    guessing_ = true;
    for (const auto guess : {weak::Ambiguous::latest, weak::Ambiguous::earliest}) {
      attempt(weak::observe(transactions_, guess));
      if (out_.verdict == Verdict::pass) return std::move(out_);
    }
    out_ = {};
    out_.algorithm = "session clocks";
    out_.unknown_because = fmt::format(
        "{} reads returned a value that was written more than once, and no guess of whose it was "
        "could be explained",
        seen.ambiguous_readers.size());
    return std::move(out_);
  }

 private:
  void attempt(const Observations& seen) {
    out_ = {};
    out_.algorithm = "session clocks";
    const causal::Reporter reporter(history_, seen, model_);
    for (const weak::FlawedRead& flaw : seen.flaws) {
      if (full()) break;
      found(reporter.flaw(flaw));
    }
    if (out_.verdict == Verdict::violation) return;
    if (model_ == "causal" || model_ == "causal-convergence") {
      check_causal(seen, reporter);
    } else if (model_ == "causal-memory" || model_ == "pram") {
      check_views(seen, reporter);
    } else if (model_ == "sequential") {
      check_sequential(seen, reporter);
    } else {
      check_guarantee(seen, reporter);
    }
    if (out_.verdict == Verdict::pass) add_sources(seen);
  }

  bool full() const {
    return out_.anomalies.size() >= static_cast<std::size_t>(options_.max_anomalies);
  }

  void found(Finding finding) {
    out_.verdict = Verdict::violation;
    out_.unknown_because.clear();
    out_.anomalies.push_back(std::move(finding.anomaly));
    out_.certificate.verdict = "violation";
    out_.certificate.cycles.push_back(std::move(finding.evidence));
  }

  void passed() {
    out_.verdict = Verdict::pass;
    out_.unknown_because.clear();
    if (options_.certificate) out_.certificate.verdict = "pass";
  }

  void stopped() {
    out_.verdict = Verdict::unknown;
    out_.unknown_because = "the time or memory allowed was used up";
  }

  void add_order(const Observations& seen, const std::vector<Node>& order) {
    if (out_.certificate.empty()) return;
    LinearOrder events;
    for (const Node node : order) {
      if (seen.position[node] != 0) events.order.push_back(seen.txn(node).event);
    }
    out_.certificate.orders.push_back(std::move(events));
  }

  void add_sources(const Observations& seen) {
    if (out_.certificate.empty() || model_ == "sequential") return;
    for (const weak::Guess& guess : seen.guesses) {
      ReadSource source;
      source.reader = seen.txn(guess.reader).event;
      source.key = transactions_.key(transactions_.all_ops()[guess.op].key);
      if (guess.writer != weak::initial_node) source.writer = seen.txn(guess.writer).event;
      out_.certificate.sources.push_back(source);
    }
  }

  /// Session order, reads-from and `edges` lead back to where they began.
  void report_cycles(const Observations& seen, const causal::Reporter& reporter,
                     const weak::CommitEdges& edges, std::string_view type) {
    const View view(seen, edges);
    weak::CommitGraph graph(seen, edges, true);
    const auto count = static_cast<std::size_t>(options_.max_anomalies);
    for (const weak::Cycle& cycle : graph.cycles(count)) {
      std::vector<causal::Step> steps;
      for (const weak::CycleEdge& edge : cycle) {
        const auto rule = edge.rule == weak::Rule::session      ? causal::Rule::session
                          : edge.rule == weak::Rule::reads_from ? causal::Rule::reads_from
                                                                : causal::Rule::commit;
        steps.push_back({edge.from, edge.to, rule, edge.index});
      }
      found(reporter.found(view.explained(steps), type));
    }
  }

  /// CC: none of CyclicCO, WriteCOInitRead and WriteCORead. CCv: neither CyclicCF.
  void check_causal(const Observations& seen, const causal::Reporter& reporter) {
    const weak::CommitEdges none;
    const auto causality = weak::CommitGraph(seen, none, true).order();
    if (causality.empty()) return report_cycles(seen, reporter, none, "cyclic-co");
    const weak::CausalEdges forced = weak::causal_edges(seen, causality, limits_);
    if (!forced.complete) return stopped();
    const auto& edges = forced.edges;
    const bool stale = std::any_of(edges.begin(), edges.end(), [](const weak::CommitEdge& edge) {
      return edge.to == weak::initial_node;
    });
    if (stale) return report_cycles(seen, reporter, edges, "write-co-init-read");
    auto arbitration = weak::CommitGraph(seen, edges, true).order();
    if (arbitration.empty()) {
      const auto overtaken = weak::find_overtaken(seen, causality, edges);
      if (overtaken.has_value()) {
        const View view(seen, edges);
        auto cycle = view.path(edges[*overtaken].to, edges[*overtaken].from, 0);
        cycle.push_back({edges[*overtaken].from, edges[*overtaken].to, causal::Rule::commit,
                         static_cast<std::uint32_t>(*overtaken)});
        return found(reporter.found(view.explained(cycle), "write-co-read"));
      }
      if (model_ != "causal" && model_ != "causal-memory") {
        return report_cycles(seen, reporter, edges, "cyclic-cf");
      }
      arbitration = causality;
    }
    passed();
    if (model_ == "causal" || model_ == "causal-convergence") add_order(seen, arbitration);
  }

  /// What convergence would need: empty if there is none.
  std::vector<Node> find_arbitration(const Observations& seen) const {
    const weak::CommitEdges none;
    const auto causality = weak::CommitGraph(seen, none, true).order();
    if (causality.empty()) return {};
    const weak::CausalEdges forced = weak::causal_edges(seen, causality, limits_);
    if (!forced.complete) return {};
    return weak::CommitGraph(seen, forced.edges, true).order();
  }

  /// Does the process return anything that must be explained?
  bool reads(std::uint32_t session) const {
    for (const TxnIndex t : transactions_.session(session)) {
      if (transactions_[t].outcome == Outcome::fail) continue;
      for (const TxnOp& op : transactions_.ops(t)) {
        if (!op.writes() && op.value != unread) return true;
      }
    }
    return false;
  }

  bool certifiable(const Observations& seen) const {
    return options_.certificate &&
           seen.by_session.size() * seen.session_count() <= largest_certificate;
  }

  /// causal-memory, pram: one view for each session that reads.
  void check_views(const Observations& seen, const causal::Reporter& reporter) {
    const bool memory = model_ == "causal-memory";
    if (memory) {
      check_causal(seen, reporter);
      if (out_.verdict != Verdict::pass) return;
      out_.certificate = {};
    }
    const bool certify = certifiable(seen);
    std::vector<std::vector<Node>> orders;
    const std::vector<Node> arbitration = find_arbitration(seen);
    causal::ArbitratedViews arbitrated(seen, arbitration, memory);
    for (std::uint32_t s = 0; s < seen.session_count() && !full(); ++s) {
      if (!reads(s)) continue;
      if (limits_.time_is_up() && out_.verdict != Verdict::violation) return stopped();
      if (!arbitration.empty()) {
        if (auto order = arbitrated.view(s); order.has_value()) {
          if (certify) orders.push_back(std::move(*order));
          continue;
        }
      }
      View view(seen, ViewRules{s, memory, false});
      const ViewVerdict verdict = view.run(limits_);
      if (verdict == ViewVerdict::limit) {
        if (out_.verdict != Verdict::violation) stopped();
        return;
      }
      if (verdict != ViewVerdict::consistent) {
        const bool cyclic = verdict == ViewVerdict::cyclic;
        found(reporter.found(view.explained(view.contradiction()),
                             memory ? (cyclic ? "cyclic-hb" : "write-hb-init-read")
                                    : (cyclic ? "cyclic-pram" : "write-pram-init-read")));
      } else if (certify) {
        orders.push_back(view.legal_order());
      }
    }
    if (out_.verdict == Verdict::violation) return;
    passed();
    if (!certify) out_.certificate = {};
    for (const auto& order : orders) add_order(seen, order);
  }

  void check_sequential(const Observations& seen, const causal::Reporter& reporter) {
    check_causal(seen, reporter);
    if (out_.verdict != Verdict::pass) return;
    out_ = {};
    View view(seen, ViewRules{std::nullopt, true, true});
    const ViewVerdict verdict = view.run(limits_);
    out_.algorithm = "saturation";
    if (verdict == ViewVerdict::limit) return stopped();
    if (verdict != ViewVerdict::consistent) {
      const bool cyclic = verdict == ViewVerdict::cyclic;
      return found(reporter.found(view.explained(view.contradiction()),
                                  cyclic ? "cyclic-sc" : "write-sc-init-read"));
    }
    out_.algorithm = "saturation+search";
    const causal::SequentialSearch search =
        causal::search_sequential(seen, &view, limits_, std::vector<bool>());
    decided_ = true;
    if (search.order.has_value()) {
      passed();
      if (out_.certificate.empty()) return;
      LinearOrder events;
      for (const TxnIndex t : *search.order) events.order.push_back(transactions_[t].event);
      out_.certificate.orders.push_back(std::move(events));
    } else if (!search.complete) {
      out_.verdict = Verdict::unknown;
      out_.unknown_because =
          fmt::format("nothing refutes it, but no order was found among {} configurations",
                      search.configurations);
    } else {
      report_nonsequential(seen, search.configurations);
    }
  }

  void report_nonsequential(const Observations& seen, std::uint64_t configurations) {
    const auto core = causal::smallest_nonsequential(seen, limits_);
    Anomaly anomaly;
    anomaly.type = "nonsequential";
    anomaly.model = model_;
    for (const TxnIndex t : core.operations) anomaly.witness.push_back(transactions_[t].event);
    anomaly.minimal = core.minimal;
    anomaly.explanation = fmt::format(
        "No order of these {} operations explains every read: all {} ways to interleave the "
        "processes that could matter were tried",
        core.operations.size(), configurations);
    out_.verdict = Verdict::violation;
    out_.certificate.verdict = "violation";
    out_.certificate.witnesses.push_back({std::nullopt, anomaly.witness, {}});
    out_.anomalies.push_back(std::move(anomaly));
  }

  void check_guarantee(const Observations& seen, const causal::Reporter& reporter) {
    const auto at = static_cast<std::size_t>(
        std::find_if(guarantees.begin(), guarantees.end(),
                     [&](const auto& entry) { return entry.first == model_; }) -
        guarantees.begin());
    const causal::Guarantee guarantee = guarantees.at(at).second;
    const bool growing = guarantee == causal::Guarantee::monotonic_writes ||
                         guarantee == causal::Guarantee::writes_follow_reads;
    if (!guessing_) says_nothing_.assign(seen.session_count(), false);
    std::optional<causal::GrowingView> view;
    if (growing) view.emplace(seen, guarantee);
    std::vector<std::vector<Node>> orders;
    const bool certify = certifiable(seen);
    // One order that all agree on, and what is in the causal past of each read, is a growing view
    // for everybody: mostly there is one, and it costs a fraction of a view for each session.
    if (growing && !certify && !find_arbitration(seen).empty()) {
      passed();
      out_.certificate = {};
      return;
    }
    for (std::uint32_t s = 0; s < seen.session_count() && !full(); ++s) {
      if (!reads(s)) continue;
      auto broken =
          causal::find_broken(seen, growing ? causal::Guarantee::monotonic_reads : guarantee, s);
      if (growing && broken.has_value() && (!guessing_ || says_nothing_[s])) {
        // Whatever was guessed or left out, this session does not read monotonically.
        says_nothing_[s] = true;
        orders.emplace_back();
        continue;
      }
      if (growing && !broken.has_value()) {
        broken = view->check(s);
        if (broken.has_value() && !guessing_ && is_ambiguous(seen, s)) {
          // What was left out may show that the session does not read monotonically.
          out_.unknown_because =
              "whose writes a process read decides whether it reads monotonically";
          return;
        }
      }
      if (broken.has_value()) {
        found(reporter.found(*broken, broken_guarantees.at(at)));
      } else if (certify) {
        orders.push_back(growing ? view->order() : explaining_order(seen, guarantee, s));
      }
    }
    if (out_.verdict == Verdict::violation) return;
    passed();
    if (!certify) out_.certificate = {};
    for (const auto& order : orders) add_order(seen, order);
  }

  static bool is_ambiguous(const Observations& seen, std::uint32_t session) {
    return std::any_of(
        seen.ambiguous_readers.begin(), seen.ambiguous_readers.end(),
        [&](Node reader) { return seen.transactions->operator[](reader - 1).session == session; });
  }

  const History& history_;
  const Transactions& transactions_;
  std::string_view model_;
  const CheckOptions& options_;
  SearchLimits limits_;
  bool guessing_ = false;
  bool decided_ = false;            ///< guesses would add nothing
  std::vector<bool> says_nothing_;  ///< by session: its reads go back, so views need not grow
  LevelOutcome out_;
};

}  // namespace

Result<CheckResult> check_sessions(const History& history, std::string_view datatype,
                                   std::span<const std::string> models,
                                   const CheckOptions& options) {
  const int threads = options.threads > 0 ? options.threads : tbb::info::default_concurrency();
  const tbb::global_control allowed(tbb::global_control::max_allowed_parallelism,
                                    static_cast<std::size_t>(threads));
  tbb::task_arena arena(threads);
  const auto transactions = arena.execute([&] { return read_transactions(history, datatype); });
  if (!transactions) return transactions.error();
  CheckResult result;
  result.statistics.threads = threads;
  std::optional<Verdict> worst;
  for (const std::string& model : models) {
    LevelOutcome outcome = arena.execute(
        [&] { return SessionCheck(history, transactions.value(), model, options).run(); });
    if (!options.certificate) outcome.certificate = {};
    if (!outcome.certificate.empty()) {
      outcome.certificate.model = model;
      outcome.certificate.datatype = datatype;
      outcome.certificate.history_digest = history.digest();
      outcome.certificate.initial = history.info().initial;
    }
    ModelVerdict& verdict =
        result.models.emplace_back(ModelVerdict{model, outcome.verdict, outcome.unknown_because});
    if (models.size() > 1) verdict.certificate = outcome.certificate;
    for (Anomaly& anomaly : outcome.anomalies) result.anomalies.push_back(std::move(anomaly));
    if (worst.has_value() && outcome.verdict <= *worst) continue;
    worst = outcome.verdict;
    result.verdict = outcome.verdict;
    result.model = model;
    result.unknown_because = outcome.unknown_because;
    result.statistics.algorithm = outcome.algorithm;
    result.certificate = std::move(outcome.certificate);
  }
  result.statistics.keys_checked = history.key_count();
  return result;
}

}  // namespace assay
