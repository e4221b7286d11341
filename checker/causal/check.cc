#include "checker/causal/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include "checker/causal/report.h"
#include "checker/causal/sequential.h"
#include "checker/transactions/level_outcome.h"
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
    attempt(seen);
    if (out_.verdict == Verdict::violation || seen.ambiguous == 0) return std::move(out_);
    for (const auto guess : {weak::Ambiguous::latest, weak::Ambiguous::earliest}) {
      attempt(weak::observe(transactions_, guess));
      if (out_.verdict == Verdict::pass) return std::move(out_);
    }
    out_ = {};
    out_.algorithm = "session clocks";
    out_.unknown_because = fmt::format(
        "{} reads returned a value that was written more than once, and no guess of whose it was "
        "could be explained",
        seen.ambiguous);
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
    if (model_ == "causal") {
      check_causal(seen, reporter);
    } else if (model_ == "causal-convergence") {
      check_convergence(seen, reporter);
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
    if (out_.certificate.empty()) return;
    for (const weak::Guess& guess : seen.guesses) {
      ReadSource source;
      source.reader = seen.txn(guess.reader).event;
      source.position = guess.op - seen.txn(guess.reader).first_op;
      if (guess.writer != weak::initial_node) source.writer = seen.txn(guess.writer).event;
      out_.certificate.sources.push_back(source);
    }
  }

  /// None of CyclicCO, WriteCOInitRead and WriteCORead.
  void check_causal(const Observations& seen, const causal::Reporter& reporter) {
    View view(seen, ViewRules{std::nullopt, true, false, false});
    const ViewVerdict verdict = view.run(limits_);
    if (report_common(view, verdict, reporter)) return;
    if (auto read = write_co_read(seen, view); !read.empty()) {
      found(reporter.cycle(view, read, "WriteCORead"));
      return;
    }
    passed();
    add_order(seen, causal_order(seen));
  }

  /// Causal order alone, without what convergence would add.
  std::vector<Node> causal_order(const Observations& seen) const {
    const weak::CommitEdges none;
    return weak::CommitGraph(seen, none, true).order();
  }

  void check_convergence(const Observations& seen, const causal::Reporter& reporter) {
    View view(seen, ViewRules{std::nullopt, true, false, false});
    const ViewVerdict verdict = view.run(limits_);
    if (report_common(view, verdict, reporter)) return;
    if (verdict == ViewVerdict::cyclic) {
      const auto read = write_co_read(seen, view);
      if (read.empty()) {
        found(reporter.contradiction(view, "CyclicCF"));
      } else {
        found(reporter.cycle(view, read, "WriteCORead"));
      }
      return;
    }
    passed();
    add_order(seen, view.order());
  }

  /// Limits, stale reads of the initial value, cycles of the causal order itself.
  bool report_common(const View& view, ViewVerdict verdict, const causal::Reporter& reporter) {
    if (verdict == ViewVerdict::limit) {
      stopped();
    } else if (verdict == ViewVerdict::stale_initial) {
      found(reporter.contradiction(view, "WriteCOInitRead"));
    } else if (verdict == ViewVerdict::cyclic && view.derived().empty()) {
      found(reporter.contradiction(view, "CyclicCO"));
    } else {
      return false;
    }
    return true;
  }

  /// w2 causally before a read of what w1 wrote, and w1 causally before w2.
  static std::vector<causal::Step> write_co_read(const Observations& seen, const View& view) {
    for (std::uint32_t d = 0; d < view.derived().size(); ++d) {
      const causal::Derived& step = view.derived()[d];
      if (view.clock(step.from)[seen.session[step.to]] < seen.position[step.to]) continue;
      auto cycle = view.path(step.to, step.from, 0);
      cycle.push_back({step.from, step.to, step.rule, d});
      return cycle;
    }
    return {};
  }

  /// causal-memory, pram: one view for each session.
  void check_views(const Observations& seen, const causal::Reporter& reporter) {
    const bool memory = model_ == "causal-memory";
    if (memory) {
      check_causal(seen, reporter);
      if (out_.verdict != Verdict::pass) return;
      out_.certificate = {};
    }
    const bool certify = seen.by_session.size() * seen.session_count() <= largest_certificate;
    std::vector<std::vector<Node>> orders;
    for (std::uint32_t s = 0; s < seen.session_count(); ++s) {
      if (full()) break;
      View view(seen, ViewRules{s, memory, true, false});
      const ViewVerdict verdict = view.run(limits_);
      if (verdict == ViewVerdict::limit) {
        if (out_.verdict != Verdict::violation) stopped();
        return;
      }
      if (verdict == ViewVerdict::stale_initial) {
        found(reporter.contradiction(view, "WriteHBInitRead"));
      } else if (verdict == ViewVerdict::cyclic) {
        found(reporter.contradiction(view, "CyclicHB"));
      } else if (certify && options_.certificate) {
        orders.push_back(view.legal_order());
      }
    }
    if (out_.verdict == Verdict::violation) return;
    passed();
    if (!certify) out_.certificate = {};
    for (const auto& order : orders) add_order(seen, order);
  }

  void check_sequential(const Observations& seen, const causal::Reporter& reporter) {
    View view(seen, ViewRules{std::nullopt, true, true, true});
    const ViewVerdict verdict = view.run(limits_);
    out_.algorithm = "saturation";
    if (report_common(view, verdict, reporter)) return;
    if (verdict == ViewVerdict::cyclic) {
      found(reporter.contradiction(view, "CyclicSC"));
      return;
    }
    out_.algorithm = "saturation+search";
    const causal::SequentialSearch search = causal::search_sequential(seen, view, limits_);
    if (search.order.has_value()) {
      passed();
      add_order(seen, *search.order);
    } else if (!search.complete) {
      out_.verdict = Verdict::unknown;
      out_.unknown_because =
          fmt::format("nothing refutes it, but no order was found among {} configurations",
                      search.configurations);
    } else {
      Anomaly anomaly;
      anomaly.type = "nonsequential";
      anomaly.model = model_;
      for (const Node node : seen.by_session) anomaly.witness.push_back(seen.txn(node).event);
      std::sort(anomaly.witness.begin(), anomaly.witness.end());
      anomaly.explanation = fmt::format(
          "No order of all operations explains every read: all {} ways to interleave the sessions "
          "that could matter were tried",
          search.configurations);
      out_.verdict = Verdict::violation;
      out_.anomalies.push_back(std::move(anomaly));
    }
  }

  void check_guarantee(const Observations& seen, const causal::Reporter& reporter) {
    constexpr std::array<std::pair<std::string_view, causal::Guarantee>, 4> guarantees{{
        {"read-your-writes", causal::Guarantee::read_your_writes},
        {"monotonic-reads", causal::Guarantee::monotonic_reads},
        {"monotonic-writes", causal::Guarantee::monotonic_writes},
        {"writes-follow-reads", causal::Guarantee::writes_follow_reads},
    }};
    for (const auto& [name, guarantee] : guarantees) {
      if (name != model_) continue;
      const auto broken = causal::find_broken(seen, guarantee);
      if (broken.has_value()) {
        found(reporter.broken(*broken, fmt::format("not-{}", name)));
      } else {
        passed();
      }
    }
  }

  const History& history_;
  const Transactions& transactions_;
  std::string_view model_;
  const CheckOptions& options_;
  SearchLimits limits_;
  LevelOutcome out_;
};

}  // namespace

Result<CheckResult> check_sessions(const History& history, std::string_view datatype,
                                   std::span<const std::string> models,
                                   const CheckOptions& options) {
  const auto transactions = read_transactions(history, datatype);
  if (!transactions) return transactions.error();
  CheckResult result;
  std::optional<Verdict> worst;
  for (const std::string& model : models) {
    LevelOutcome outcome = SessionCheck(history, transactions.value(), model, options).run();
    result.models.push_back({model, outcome.verdict, outcome.unknown_because});
    for (Anomaly& anomaly : outcome.anomalies) result.anomalies.push_back(std::move(anomaly));
    if (worst.has_value() && outcome.verdict <= *worst) continue;
    worst = outcome.verdict;
    result.verdict = outcome.verdict;
    result.model = model;
    result.unknown_because = outcome.unknown_because;
    result.statistics.algorithm = outcome.algorithm;
    result.certificate = std::move(outcome.certificate);
    if (!options.certificate) result.certificate = {};
    if (result.certificate.empty()) continue;
    result.certificate.model = model;
    result.certificate.datatype = datatype;
    result.certificate.history_digest = history.digest();
    result.certificate.initial = history.info().initial;
  }
  result.statistics.keys_checked = history.key_count();
  return result;
}

}  // namespace assay
